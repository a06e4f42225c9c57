package review_test

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/chiselbot/chiselbot/checks"
	"github.com/chiselbot/chiselbot/checks/checktest"
	parser "github.com/chiselbot/chiselbot/checks/dockerfile"
	"github.com/chiselbot/chiselbot/checks/misconf"
	"github.com/chiselbot/chiselbot/checks/rules"
	"github.com/chiselbot/chiselbot/checks/source"
)

// check runs all rules and Trivy's checks on one Dockerfile.
func check(t *testing.T, trivy checks.Scanner, text string) *checks.Result {
	t.Helper()
	res, err := checks.Run(t.Context(), checktest.Tree(map[string]string{"Dockerfile": text}), checks.Options{
		Rules: rules.All(), Scanners: []checks.Scanner{trivy}, IsDockerfile: checktest.IsDockerfile, Now: checktest.Now,
	})
	if err != nil {
		t.Fatal(err)
	}
	return res
}

// TestInstead follows the checks of Trivy that rules stand in for: who says it, or why
// nobody does.
func TestInstead(t *testing.T) {
	t.Parallel()
	const (
		chiseled = "FROM mcr.microsoft.com/dotnet/aspnet:10.0-noble-chiseled\n"
		knows    = "it knows the user that the base image gives."
		tells    = "it tells secrets from what only has such a name."
		reads    = "it reads the value, and tells secrets from paths, placeholders and public keys."
	)
	trivy := misconf.New()
	tests := []struct {
		name, text string
		ids        []string // whose findings and drops are looked at
		want       string
	}{
		{"root by the base", "FROM debian:13\nCMD [\"cats\"]\n", []string{"DS-0002", "root-user"}, "1 root-user\ndropped DS-0002: `root-user` says it instead: " + knows},
		{"root by USER", chiseled + "USER root\n", []string{"DS-0002", "root-user"}, "2 root-user\ndropped DS-0002: `root-user` says it instead: " + knows},
		{"not root by the base", chiseled, []string{"DS-0002", "root-user"}, "dropped DS-0002: `root-user` looks at the same and is silent: " + knows},
		{"a base that is not known", "FROM registry.example.com/cats:1\n", []string{"DS-0002", "root-user"}, "1 DS-0002"},
		{"a server with a twin", "FROM nginx:1.29\n", []string{"DS-0002", "root-user", "unprivileged-twin"}, "1 unprivileged-twin\ndropped DS-0002: `root-user` looks at the same and is silent: " + knows},
		{"silenced as Trivy's", "FROM debian:13\n#trivy:ignore:DS-0002\nUSER root\n", []string{"DS-0002", "root-user"}, "dropped DS-0002: `root-user` says it instead: " + knows + "\ndropped root-user: "},
		{"no version", "FROM debian:latest\n", []string{"DS-0001", "image-tag"}, "1 image-tag\ndropped DS-0001: `image-tag` says it instead: it reads COPY --from and the values of ARG too, and lets digests pass."},
		{"a secret", "FROM debian:13\nENV DB_PASSWORD=hunter2\n", []string{"DS-0031", "secret-argument", "secret-in-image"}, "2 secret-in-image\ndropped DS-0031: `secret-in-image` says it instead: " + reads},
		{"a secret argument", "FROM debian:13\nARG NPM_TOKEN\n", []string{"DS-0031", "secret-argument", "secret-in-image"}, "2 secret-argument\ndropped DS-0031: `secret-argument` says it instead: " + tells},
		{"a name like a secret's", "FROM debian:13\nENV TLS_KEY=/run/secrets/tls.key\n", []string{"DS-0031", "secret-argument", "secret-in-image"}, "dropped DS-0031: `secret-argument` looks at the same and is silent: " + tells},
		{"silenced as BuildKit's", "# check=skip=SecretsUsedInArgOrEnv\nFROM debian:13\nARG NPM_TOKEN\nENV DB_PASSWORD=hunter2\n", []string{"secret-argument", "secret-in-image"}, "dropped secret-argument: \ndropped secret-in-image: "},
		{"nobody stands in", "FROM debian:13\nADD cats /cats\n", []string{"DS-0005"}, "2 DS-0005"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			res := check(t, trivy, tt.text)
			var got []string
			for _, f := range res.Findings {
				if slices.Contains(tt.ids, f.Rule.ID) {
					got = append(got, fmt.Sprint(f.Line(), " ", f.Rule.ID))
				}
			}
			for _, d := range res.Drops {
				if slices.Contains(tt.ids, d.Finding.Rule.ID) {
					got = append(got, "dropped "+d.Finding.Rule.ID+": "+d.Reason)
				}
			}
			if diff := cmp.Diff(tt.want, strings.Join(got, "\n")); diff != "" {
				t.Errorf("findings and drops (-want +got):\n%s", diff)
			}
		})
	}
}

// TestDrift adds comments and empty lines behind every instruction of the corpus, and
// rewraps its lines for another system: nothing is new and nothing is fixed.
func TestDrift(t *testing.T) {
	t.Parallel()
	paths, err := filepath.Glob("../../testdata/dockerfiles/*/Dockerfile")
	if err != nil || len(paths) == 0 {
		t.Fatalf("no corpus: %v", err)
	}
	trivy := misconf.New()
	for _, path := range paths {
		t.Run(filepath.Base(filepath.Dir(path)), func(t *testing.T) {
			t.Parallel()
			text, err := os.ReadFile(path)
			if err != nil {
				t.Fatal(err)
			}
			base := check(t, trivy, string(text))
			for name, drifted := range map[string]string{
				"more lines": drift(t, string(text)),
				"CRLF":       strings.ReplaceAll(strings.ReplaceAll(string(text), "\r\n", "\n"), "\n", "\r\n"),
			} {
				head := check(t, trivy, drifted)
				d := checks.Compare(base, head)
				if len(d.New)+len(d.Fixed)+len(d.Unsure) > 0 || len(d.Same) != len(base.Findings) {
					t.Errorf("%s:\n%s\nbase:\n%s\nhead:\n%s", name, drifted, checktest.Describe(base), checktest.Describe(head))
				}
			}
		})
	}
}

// drift puts lines behind every instruction.
func drift(t *testing.T, text string) string {
	f, err := parser.Parse(source.NewFile("Dockerfile", text))
	if err != nil {
		t.Fatal(err)
	}
	var edits []source.Edit
	for _, i := range f.Instructions {
		end := f.LineSpan(f.LineAt(i.Span.End)).End
		edits = append(edits, source.Edit{Path: "Dockerfile", Span: source.Span{Start: end, End: end}, New: "\n\n  # one line more\n"})
	}
	drifted, err := source.Apply(text, edits)
	if err != nil {
		t.Fatal(err)
	}
	return drifted
}
