package misconf

import (
	"encoding/json"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	gocmp "github.com/google/go-cmp/cmp"

	"github.com/chiselbot/chiselbot/checks/kube"
	"github.com/chiselbot/chiselbot/checks/source"
)

const (
	manifests         = "../../testdata/manifests"
	recordedManifests = manifests + "/trivy.json"
)

// objectOpinion is what was said about one object: the lines and the message of each
// failure by check, sorted, and the checks that passed.
type objectOpinion struct {
	Fail map[string][]string `json:"fail"`
	Pass []string            `json:"pass"`
}

// objectExceptions are the objects in which we differ from the trivy command on purpose,
// and why: in the checks named, in all where there are none.
var objectExceptions = map[string]struct {
	because string
	ids     []string
}{
	"form-comments-and-markers": {"Trivy loses a line at each document marker behind the first comment", nil},
	"form-duplicate-fields":     {"Trivy does not read an object that sets a field twice; Kubernetes takes the last", nil},
	"form-flow-on-one-line":     {"Trivy takes what begins with a bracket for JSON", nil},
	"form-merge-key":            {"Trivy does not merge what << stands for", []string{"KSV-0012", "KSV-0017"}},
	"form-yes-and-no": {
		"yes, no and on are booleans for Kubernetes and strings for Trivy",
		[]string{"KSV-0001", "KSV-0010", "KSV-0012", "KSV-0014"},
	},
	"ksv-0109-both-signs": {
		"Trivy leaves the check out without a word when a line with a secret has both a colon and an equals sign",
		[]string{"KSV-0109"},
	},
	"ksv-0107-outdated-api":     {"the check names lines 1 to 5 of any object", []string{"KSV-0107"}},
	"ksv-0107-outdated-ingress": {"the check names lines 1 to 5 of any object", []string{"KSV-0107"}},
}

// unreachable are the checks that no object of the corpus can fail, and why.
var unreachable = map[string]string{
	"KSV-01011": "it is about clusters whose version ends in -gke",
}

// TestObjectAgreement holds our opinion of each object in the corpus against the trivy
// command's. [TestAgreement] says how to record that again.
func TestObjectAgreement(t *testing.T) {
	t.Parallel()
	names := manifestNames(t)
	if *update && *trivy != "" {
		opinions := map[string]objectOpinion{}
		for _, name := range names {
			o := objectOpinion{Fail: map[string][]string{}}
			for _, m := range theirs(t, filepath.Join(manifests, name), "kubernetes") {
				o.add(m.ID, m.Status == "PASS", m.CauseMetadata.StartLine, m.CauseMetadata.EndLine, m.Message)
			}
			o.sort()
			opinions[name] = o
		}
		writeOpinions(t, recordedManifests, opinions)
	}
	var want map[string]objectOpinion
	data, err := os.ReadFile(recordedManifests)
	if err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal(data, &want); err != nil {
		t.Fatal(err)
	}
	if diff := gocmp.Diff(names, slices.Sorted(maps.Keys(want))); diff != "" {
		t.Errorf("objects without a recorded opinion, record them with -trivy PATH -update (-files +recorded):\n%s", diff)
	}

	p, err := compiledObjects()
	if err != nil {
		t.Fatal(err)
	}
	failed, passed := map[string]bool{}, map[string]bool{}
	for _, name := range names {
		got := ourObjectOpinion(t, p, manifest(t, name))
		for id := range got.Fail {
			failed[id] = true
		}
		for _, id := range got.Pass {
			passed[id] = true
		}
		if exception, ok := objectExceptions[name]; ok {
			if gocmp.Equal(want[name], got) {
				t.Errorf("%s: the exception is not needed any more", name)
			}
			got = want[name].but(got, exception.ids)
		}
		if diff := gocmp.Diff(want[name], got); diff != "" {
			t.Errorf("%s (-trivy +ours):\n%s", name, diff)
		}
	}
	for _, id := range objectIDs {
		if !passed[id] || failed[id] == (unreachable[id] != "") {
			t.Errorf("%s: the corpus shows it failing: %t, passing: %t; want both", id, failed[id], passed[id])
		}
	}
}

// but is our opinion with theirs of the checks named, of all where there are none.
func (o objectOpinion) but(ours objectOpinion, ids []string) objectOpinion {
	if ids == nil {
		return o
	}
	for _, id := range ids {
		delete(ours.Fail, id)
		if f, ok := o.Fail[id]; ok {
			ours.Fail[id] = f
		}
		ours.Pass = slices.DeleteFunc(ours.Pass, func(p string) bool { return p == id })
		if slices.Contains(o.Pass, id) {
			ours.Pass = append(ours.Pass, id)
		}
	}
	slices.Sort(ours.Pass)
	return ours
}

func (o *objectOpinion) add(id string, pass bool, start, end int, message string) {
	if pass {
		o.Pass = append(o.Pass, id)
	} else {
		if strings.Contains(message, metadataKey) {
			message = "(quotes a part of the object with its place)"
		}
		o.Fail[id] = append(o.Fail[id], fmt.Sprintf("%d-%d %s", start, end, message))
	}
}

func (o *objectOpinion) sort() {
	for _, l := range o.Fail {
		slices.Sort(l)
	}
	slices.Sort(o.Pass)
}

func manifestNames(t testing.TB) []string {
	t.Helper()
	paths, err := filepath.Glob(manifests + "/*/manifest.*")
	if err != nil || len(paths) == 0 {
		t.Fatalf("no corpus in %s: %v", manifests, err)
	}
	var names []string
	for _, p := range paths {
		names = append(names, filepath.Base(filepath.Dir(p)))
	}
	slices.Sort(names)
	return names
}

// manifestFile is a file in the corpus.
func manifestFile(t testing.TB, name string) *source.File {
	t.Helper()
	paths, err := filepath.Glob(filepath.Join(manifests, name, "manifest.*"))
	if err != nil || len(paths) != 1 {
		t.Fatalf("%s: want one manifest, got %v, %v", name, paths, err)
	}
	text, err := os.ReadFile(paths[0])
	if err != nil {
		t.Fatal(err)
	}
	return source.NewFile(filepath.Base(paths[0]), string(text))
}

func manifestText(t testing.TB, name string) string { return manifestFile(t, name).Text() }

// manifest is the object of a file in the corpus.
func manifest(t testing.TB, name string) *kube.Object {
	t.Helper()
	objects, _ := kube.Parse(manifestFile(t, name), nil)
	if len(objects) != 1 {
		t.Fatalf("%s: want one object, got %d", name, len(objects))
	}
	return objects[0]
}

func ourObjectOpinion(t *testing.T, p *objectPolicies, object *kube.Object) objectOpinion {
	t.Helper()
	in, err := objectInput(object)
	if err != nil {
		t.Fatal(err)
	}
	verdicts, err := p.eval(t.Context(), in, object.Kind)
	if err != nil {
		t.Fatal(err)
	}
	q, err := p.question(object.Kind)
	if err != nil {
		t.Fatal(err)
	}
	o := objectOpinion{Fail: map[string][]string{}}
	nodes := numbered(object.Root)
	for _, v := range verdicts {
		start, end := trivyLines(object.Document, nodes[v.start])
		o.add(v.check.rule.ID, false, start, end, v.message)
	}
	for _, d := range q.checks {
		if o.Fail[d.rule.ID] == nil {
			o.add(d.rule.ID, true, 0, 0, "")
		}
	}
	o.sort()
	return o
}

// trivyLines are the lines that Trivy's Kubernetes reader gives a mapping: from its key
// to the beginning of the last value in it, or to its closing bracket in JSON.
func trivyLines(f *source.File, n *kube.Node) (start, end int) {
	if n == nil {
		return 0, 0
	}
	start = f.LineAt(n.Span.Start)
	end = start
	if n.Kind == kube.Mapping && n.Key != "" {
		start = f.LineAt(n.KeySpan.Start)
	}
	if strings.HasSuffix(f.Path(), ".json") {
		return start, f.LineAt(n.Span.End - 1)
	}
	for _, item := range n.Items {
		_, last := trivyLines(f, item)
		end = max(end, last)
	}
	return start, end
}
