package misconf

import (
	"cmp"
	"encoding/json"
	"flag"
	"fmt"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	gocmp "github.com/google/go-cmp/cmp"
)

var (
	update = flag.Bool("update", false, "record what we say and, with -trivy, what the trivy command says about the corpus")
	trivy  = flag.String("trivy", "", "path of the trivy command, of the version in go.mod")
)

const (
	corpus   = "../../testdata/dockerfiles"
	recorded = corpus + "/trivy.json"
)

// opinion is what was said about one file: the lines of each failure by check, sorted,
// and the checks that passed. A check that could not be evaluated is in neither.
type opinion struct {
	Fail map[string][]lines `json:"fail"`
	Pass []string           `json:"pass"`
}

type lines [2]int

// exceptions are the failures by file and check that we report and the trivy command does
// not, and why.
var exceptions = map[[2]string]string{
	{"ignored-by-comment", "DS-0025"}: "Trivy applies ignore comments itself; ours are applied later, so that what they silence is on record",
}

// TestAgreement holds our opinion of each file in the corpus against the trivy command's.
// To record that again, build the command in an empty module, since its requirements must
// not become ours, and point the test at it:
//
//	go mod init trivycmd && go get github.com/aquasecurity/trivy/cmd/trivy@v0.74.0
//	GOEXPERIMENT=jsonv2 CGO_ENABLED=0 go build github.com/aquasecurity/trivy/cmd/trivy
//	go test ./checks/misconf -update -trivy /path/to/trivy
func TestAgreement(t *testing.T) {
	t.Parallel()
	names := corpusNames(t)
	if *update && *trivy != "" {
		record(t, names)
	}
	var want map[string]opinion
	data, err := os.ReadFile(recorded)
	if err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal(data, &want); err != nil {
		t.Fatal(err)
	}
	if diff := gocmp.Diff(names, slices.Sorted(maps.Keys(want))); diff != "" {
		t.Errorf("files without a recorded opinion, record them with -trivy PATH -update (-files +recorded):\n%s", diff)
	}

	p, err := compile()
	if err != nil {
		t.Fatal(err)
	}
	failed, passed := map[string]bool{}, map[string]bool{}
	used := map[[2]string]bool{}
	for _, name := range names {
		got := ours(t, p, name)
		for id := range got.Fail {
			failed[id] = true
			if key := [2]string{name, id}; exceptions[key] != "" && !gocmp.Equal(got.Fail[id], want[name].Fail[id]) {
				used[key] = true
				got.Fail[id] = want[name].Fail[id]
			}
		}
		for _, id := range got.Pass {
			passed[id] = true
		}
		if diff := gocmp.Diff(want[name], got); diff != "" {
			t.Errorf("%s (-trivy +ours):\n%s", name, diff)
		}
	}
	for _, id := range dockerfileIDs {
		if !failed[id] || !passed[id] {
			t.Errorf("%s: the corpus shows it failing: %t, passing: %t; want both", id, failed[id], passed[id])
		}
	}
	for key := range exceptions {
		if !used[key] {
			t.Errorf("the exception for %v is not needed any more", key)
		}
	}
}

func corpusNames(t testing.TB) []string {
	t.Helper()
	paths, err := filepath.Glob(corpus + "/*/Dockerfile")
	if err != nil || len(paths) == 0 {
		t.Fatalf("no corpus in %s: %v", corpus, err)
	}
	var names []string
	for _, p := range paths {
		names = append(names, filepath.Base(filepath.Dir(p)))
	}
	slices.Sort(names)
	return names
}

func corpusText(t testing.TB, name string) string {
	t.Helper()
	text, err := os.ReadFile(filepath.Join(corpus, name, "Dockerfile"))
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

func ours(t *testing.T, p *policies, name string) opinion {
	t.Helper()
	in, err := input(t.Context(), corpusText(t, name))
	if err != nil {
		t.Fatalf("%s: %v", name, err)
	}
	o := opinion{Fail: map[string][]lines{}}
	for _, c := range p.checks {
		verdicts, err := c.deny(t.Context(), in)
		switch {
		case err != nil:
			t.Logf("%s: %s: %v", name, c.rule.ID, err)
		case len(verdicts) == 0:
			o.Pass = append(o.Pass, c.rule.ID)
		}
		for _, v := range verdicts {
			o.Fail[c.rule.ID] = append(o.Fail[c.rule.ID], lines{v.start, v.end})
		}
	}
	return o
}

// record asks the trivy command about one file at a time: a check that cannot be evaluated
// for one file of a folder is silently left out for all of them.
func record(t *testing.T, names []string) {
	opinions := map[string]opinion{}
	for _, name := range names {
		o := opinion{Fail: map[string][]lines{}}
		for _, m := range theirs(t, filepath.Join(corpus, name), "dockerfile") {
			if m.Status == "PASS" {
				o.Pass = append(o.Pass, m.ID)
			} else {
				o.Fail[m.ID] = append(o.Fail[m.ID], lines{m.CauseMetadata.StartLine, m.CauseMetadata.EndLine})
			}
		}
		for _, l := range o.Fail {
			slices.SortFunc(l, func(a, b lines) int { return cmp.Or(a[0]-b[0], a[1]-b[1]) })
		}
		slices.Sort(o.Pass)
		opinions[name] = o
	}
	writeOpinions(t, recorded, opinions)
}

// writeOpinions writes one line for each file.
func writeOpinions[T any](t *testing.T, path string, opinions map[string]T) {
	t.Helper()
	var entries []string
	for _, name := range slices.Sorted(maps.Keys(opinions)) {
		opinion, err := json.Marshal(opinions[name])
		if err != nil {
			t.Fatal(err)
		}
		entries = append(entries, fmt.Sprintf("%q: %s", name, opinion))
	}
	out := "{\n" + strings.Join(entries, ",\n") + "\n}\n"
	if err := os.WriteFile(path, []byte(out), 0o644); err != nil {
		t.Fatal(err)
	}
}

// A misconfiguration is one line of the trivy command's report.
type misconfiguration struct {
	ID, Status, Message string
	CauseMetadata       struct{ StartLine, EndLine int }
}

// theirs is what the trivy command reports on a folder with one file, nothing where it
// does not read the file.
func theirs(t *testing.T, dir, scanner string) []misconfiguration {
	t.Helper()
	all := theirReport(t, dir, scanner)
	if len(all) > 1 {
		t.Fatalf("trivy reports %d files in %s, want one", len(all), dir)
	}
	for _, found := range all {
		return found
	}
	return nil
}

// theirReport is what the trivy command reports on a folder, by file.
func theirReport(t *testing.T, dir, scanner string) map[string][]misconfiguration {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), *trivy, "config", "--skip-check-update", "--quiet",
		"--misconfig-scanners", scanner, "--k8s-version", kubernetesVersion, "--include-non-failures", "--format", "json", dir)
	cmd.Stderr = t.Output()
	data, err := cmd.Output()
	if err != nil {
		t.Fatal(err)
	}
	var report struct {
		Results []struct {
			Target            string
			Misconfigurations []misconfiguration
		}
	}
	if err := json.Unmarshal(data, &report); err != nil {
		t.Fatal(err)
	}
	all := map[string][]misconfiguration{}
	for _, r := range report.Results {
		all[r.Target] = r.Misconfigurations
	}
	return all
}
