package main

import (
	"bytes"
	"context"
	"encoding/json"
	"io"
	"io/fs"
	"net/http"
	"net/http/httptest"
	"os"
	"path"
	"regexp"
	"slices"
	"strings"
	"testing"
	"testing/fstest"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/spf13/cobra"
	"go.yaml.in/yaml/v4"

	"github.com/chiselbot/chiselbot/app/build"
	"github.com/chiselbot/chiselbot/app/review"
	"github.com/chiselbot/chiselbot/app/telemetry"
	"github.com/chiselbot/chiselbot/checks"
	"github.com/chiselbot/chiselbot/checks/misconf"
	"github.com/chiselbot/chiselbot/checks/rules"
	"github.com/chiselbot/chiselbot/checks/source"
)

// TestDeploy reviews our own image, chart and compose file as if all of them were new, and
// finds no fault.
func TestDeploy(t *testing.T) {
	t.Parallel()
	own := fstest.MapFS{}
	for _, root := range []string{".github", "deploy"} {
		err := fs.WalkDir(os.DirFS("../.."), root, func(name string, entry fs.DirEntry, err error) error {
			if err != nil || entry.IsDir() {
				return err
			}
			data, err := os.ReadFile(path.Join("../..", name))
			own[name] = &fstest.MapFile{Data: data, Mode: 0o644}
			return err
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	head := review.Side{Name: "head", Tree: source.Tree{FS: own}}
	got, err := review.Of(t.Context(), review.Side{Name: "base", Tree: source.Tree{FS: fstest.MapFS{}}}, head, review.Options{
		Rules: rules.All(), Scanners: []checks.Scanner{misconf.New()}, KnownIDs: knownIDs(), Tip: head.Tree, Now: today,
	})
	if err != nil {
		t.Fatal(err)
	}
	if got.Files != 1 || got.Charts != 1 {
		t.Errorf("%d Dockerfiles and %d charts were checked, want one each", got.Files, got.Charts)
	}
	for _, f := range got.Delta.New {
		t.Errorf("%s:%d: %s: %s", f.File.Path(), f.File.Position(f.Span.Start).Line, f.Rule.ID, f.Message)
	}
	for _, skip := range got.Delta.Skips {
		t.Errorf("not checked: %s", skip.Reason)
	}
}

// TestDeployNamesSettings holds the variables that the image, the chart and the compose
// file set against those that the server reads.
func TestDeployNamesSettings(t *testing.T) {
	t.Parallel()
	var known []string
	for _, s := range settings() {
		known = append(known, s.env, s.env+"_FILE")
	}
	for _, name := range []string{"Dockerfile", "compose.yml", "chart/values.yaml", "chart/templates/_names.tpl", "chart/templates/deployment.yaml"} {
		data, err := os.ReadFile("../../deploy/" + name)
		if err != nil {
			t.Fatal(err)
		}
		found := regexp.MustCompile(`\b(CHISELBOT|DATABASE)_[A-Z_]+\b`).FindAllString(string(data), -1)
		if len(found) == 0 {
			t.Errorf("%s sets nothing", name)
		}
		for _, env := range found {
			if !slices.Contains(known, env) {
				t.Errorf("%s: %s is not a setting of the server", name, env)
			}
		}
	}
}

// TestDeployBuildKit renders the chart with a BuildKit, and has the server read what it sets.
func TestDeployBuildKit(t *testing.T) {
	t.Parallel()
	render := func(args ...string) (string, string) {
		var out, said bytes.Buffer
		run(t.Context(), testProgram(nil, &out, &said, nil), append([]string{"render", "../../deploy/chart"}, args...))
		return out.String(), said.String()
	}
	none, _ := render()
	if strings.Contains(none, "BUILD") || strings.Contains(none, "buildkit") {
		t.Errorf("without an address a BuildKit is set:\n%s", none)
	}
	if out, said := render("--values", "testdata/deploy/plain.yaml"); !strings.Contains(out+said, "tlsSecret: without TLS") {
		t.Errorf("a BuildKit without TLS: %s%s", out, said)
	}

	text, said := render("--values", "../../deploy/chart/ci/buildkit-values.yaml")
	var deployment struct {
		Spec struct {
			Template struct {
				Spec struct {
					Containers []struct {
						Env          []struct{ Name, Value string }
						VolumeMounts []struct {
							Name string
							Path string `yaml:"mountPath"`
						} `yaml:"volumeMounts"`
					}
					Volumes []struct {
						Name   string
						Secret struct {
							SecretName string `yaml:"secretName"`
						}
					}
				}
			}
		}
	}
	for one := range strings.SplitSeq(text, "\n---\n") {
		if strings.Contains(one, "\nkind: Deployment\n") {
			if err := yaml.Unmarshal([]byte(one), &deployment); err != nil {
				t.Fatal(err)
			}
		}
	}
	pod := deployment.Spec.Template.Spec
	if len(pod.Containers) != 1 {
		t.Fatalf("there is no deployment in:\n%s%s", text, said)
	}
	var secret string
	for _, m := range pod.Containers[0].VolumeMounts {
		for _, v := range pod.Volumes {
			if m.Path == "/etc/buildkit" && v.Name == m.Name {
				secret = v.Secret.SecretName
			}
		}
	}
	if secret != "buildkit-client" {
		t.Errorf("the certificates are from %q", secret)
	}

	p := testProgram(nil, io.Discard, io.Discard, nil)
	for _, e := range pod.Containers[0].Env {
		p.env = append(p.env, e.Name+"="+e.Value)
	}
	all := settings()
	cmd := &cobra.Command{}
	bind(cmd, all)
	got, err := p.readSettings(cmd, all)
	if err != nil {
		t.Fatal(err)
	}
	want := buildFlags{
		address: "tcp://buildkitd.build:1234", network: "proxy", platform: "linux/amd64", timeout: 10 * time.Minute, memory: 4096, cpus: 2,
		tls:   build.TLS{CA: "/etc/buildkit/ca.crt", Certificate: "/etc/buildkit/tls.crt", Key: "/etc/buildkit/tls.key", Name: "buildkitd"},
		allow: []string{"https://api.nuget.org/*", "https://*.nuget.org/*"},
	}
	if diff := cmp.Diff(want, got.build, cmp.AllowUnexported(buildFlags{})); diff != "" {
		t.Errorf("settings (-want +got):\n%s", diff)
	}
}

// TestDashboard holds what the dashboard asks for against what the server tells.
func TestDashboard(t *testing.T) {
	t.Parallel()
	metrics := telemetry.NewMetrics("v1")
	metrics.Delivery("push", "taken", time.Second)
	metrics.Job("review", "done", time.Second, time.Second)
	metrics.Part("read", time.Second)
	metrics.Review("success", map[string]int{"error": 1})
	metrics.Quota(1, "core", 5000, 4999)
	metrics.WatchQueue(func(context.Context) ([]telemetry.Depth, error) {
		return []telemetry.Depth{{Queue: "review", State: "available", Jobs: 1, Oldest: today}}, nil
	})
	told := httptest.NewRecorder()
	metrics.ServeHTTP(told, httptest.NewRequestWithContext(t.Context(), http.MethodGet, "/metrics", nil))

	data, err := os.ReadFile("../../deploy/dashboard.json")
	if err != nil {
		t.Fatal(err)
	}
	if !json.Valid(data) {
		t.Error("dashboard.json is not JSON")
	}
	asked := regexp.MustCompile(`\bchiselbot_\w+`).FindAllString(string(data), -1)
	if len(asked) == 0 {
		t.Error("the dashboard asks for nothing")
	}
	for _, name := range asked {
		if !strings.Contains(told.Body.String(), "\n"+name+"{") && !strings.Contains(told.Body.String(), "\n"+name+" ") {
			t.Errorf("no metric is called %s", name)
		}
	}
}
