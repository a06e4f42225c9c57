package misconf

import (
	"fmt"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/chiselbot/chiselbot/checks"
	"github.com/chiselbot/chiselbot/checks/rules"
	"github.com/chiselbot/chiselbot/checks/source"
)

// silent are the checks, and the objects, about which one of our rules says nothing
// although the check that it replaces fails, and why.
var silent = map[[2]string]string{
	{"", "KSV-0020"}: "where nothing is set the image's account counts, and it may be below 10000",
	{"", "KSV-0021"}: "where nothing is set the image's account counts, and it may be below 10000",
	{"", "KSV-0117"}: "a low port matters where the container is known not to run as root",
	{"", "KSV-0118"}: "the pod needs no security context where its containers have theirs",

	{"custom-resource-with-containers", "KSV-0105"}: "where a custom resource has its pods is for the settings to say",
	{"custom-resource-with-containers", "KSV-0106"}: "where a custom resource has its pods is for the settings to say",
	{"form-containers-as-mapping", ""}:              "Kubernetes refuses containers that are no list",
	{"form-merge-key", "KSV-0027"}:                  "the value is the one that Kubernetes takes anyway",
	{"form-quoted-values", "KSV-0012"}:              "Kubernetes refuses a string where it wants a boolean",
	{"good-cronjob", "KSV-0022"}:                    "the standards allow NET_BIND_SERVICE",
	{"ksv-0011-some-resources", "KSV-0011"}:         "a limit of CPU is not demanded",
	{"ksv-0011-some-resources", "KSV-0016"}:         "the limit stands for the request",
	{"ksv-0106-drops-all-and-adds", "KSV-0106"}:     "what is added is said by added-capabilities",
}

// TestSuperseded holds that where a check of Trivy's is dropped because one of our rules
// says it instead, that rule does say it.
func TestSuperseded(t *testing.T) {
	t.Parallel()
	s := shared()
	used := map[[2]string]bool{}
	for _, name := range manifestNames(t) {
		o := manifest(t, name)
		res, err := checks.Run(t.Context(), source.Tree{FS: fstest.MapFS{o.Document.Path(): &fstest.MapFile{Data: []byte(o.Document.Text())}}}, checks.Options{
			Rules: rules.All(), Scanners: []checks.Scanner{s}, IsDockerfile: func(string) bool { return false },
		})
		if err != nil {
			t.Fatal(err)
		}
		said := map[string]bool{}
		for _, f := range res.Findings {
			said[f.Rule.ID] = true
		}
		instead := map[string]string{}
		for _, r := range rules.All() {
			for _, other := range r.Replaces {
				instead[other.ID] = r.ID
			}
		}
		for _, d := range res.Drops {
			id := d.Finding.Rule.ID
			if said[instead[id]] {
				continue
			}
			known := false
			for _, key := range [][2]string{{name, id}, {name, ""}, {"", id}} {
				if silent[key] != "" {
					known, used[key] = true, true
				}
			}
			if !known {
				t.Errorf("%s: %s says nothing instead of %s", name, instead[id], id)
			}
		}
	}
	for key := range silent {
		if !used[key] {
			t.Errorf("the exception for %v is not needed any more", key)
		}
	}
}

// TestAnnotations records what a person sees of some of the corpus when it is new: with
// Trivy's checks alone, and with our rules beside them.
func TestAnnotations(t *testing.T) {
	t.Parallel()
	s := shared()
	var b strings.Builder
	for _, name := range []string{"bare-deployment-two-containers", "kcv-apiserver-bad", "ksv-0041-cluster-role", "ksv-0119-two-containers"} {
		o := manifest(t, name)
		verdicts, err := s.ScanObject(t.Context(), o)
		if err != nil {
			t.Fatal(err)
		}
		for _, with := range []struct {
			name  string
			rules []*checks.Rule
		}{{"Trivy's checks", nil}, {"and our rules", rules.All()}} {
			tree := source.Tree{FS: fstest.MapFS{o.Document.Path(): &fstest.MapFile{Data: []byte(o.Document.Text())}}}
			res, err := checks.Run(t.Context(), tree, checks.Options{
				Rules: with.rules, Scanners: []checks.Scanner{s}, IsDockerfile: func(string) bool { return false },
			})
			if err != nil {
				t.Fatal(err)
			}
			found := checks.Compare(&checks.Result{}, res).New
			fmt.Fprintf(&b, "== %s: %d findings of Trivy's, %d annotations of %s\n", name, len(verdicts), len(found), with.name)
			for _, f := range found {
				fmt.Fprintf(&b, "%d %s %s: %s\n", f.Line(), f.Severity, f.Rule.ID, f.Message)
			}
		}
	}
	golden(t, "annotations.golden", b.String())
}
