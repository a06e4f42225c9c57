package app_test

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/chiselbot/chiselbot/app/githubtest"
)

// chart is one with a finding of absence in a template and one at a value.
var chart = map[string]string{
	"chart/Chart.yaml":  "apiVersion: v2\nname: cats\nversion: 1.0.0\n",
	"chart/values.yaml": "# Values.\ncontainerPort: 80\nsecurityContext:\n  privileged: true # why?\n",
	"chart/templates/deployment.yaml": `apiVersion: apps/v1
kind: Deployment
metadata:
  name: {{ .Release.Name }}
spec:
  selector: {matchLabels: {app: cats}}
  template:
    metadata:
      labels: {app: cats}
    spec:
      containers:
        - name: cats
          image: registry.example.com/cats:1.0
          securityContext:
            {{- toYaml .Values.securityContext | nindent 12 }}
          ports:
            - containerPort: {{ .Values.containerPort }}
`,
}

// newChart is a world with a pull request that brings the chart.
func newChart(t *testing.T, settings string) (*world, *githubtest.Pull) {
	t.Helper()
	w := newProposals(t, settings)
	w.start()
	w.settle()
	var files []githubtest.Change
	for name, text := range chart {
		files = append(files, githubtest.Write(name, text))
	}
	w.repo.Push("alice", "topic", "Chart", files...)
	pull := w.repo.OpenPull("alice", "Chart", "topic", "main")
	w.settle()
	return w, pull
}

// TestIgnoreInChart writes comments into values and templates, which leave no trace in what
// is rendered, and takes them back.
func TestIgnoreInChart(t *testing.T) {
	t.Parallel()
	for rule, want := range map[string]map[string]string{
		// what is there, at the value
		"privileged-container": {"chart/values.yaml": strings.Replace(chart["chart/values.yaml"], "  privileged", "  # chiselbot:ignore privileged-container until=2099-01-31 it drives */ }} the fans\n  privileged", 1)},
		// what is absent, in the template
		"run-as-non-root": {"chart/templates/deployment.yaml": strings.Replace(chart["chart/templates/deployment.yaml"], "    spec:\n      containers", "    {{- /* chiselbot:ignore run-as-non-root until=2099-01-31 it drives * / }} the fans */}}\n    spec:\n      containers", 1)},
	} {
		t.Run(rule, func(t *testing.T) {
			t.Parallel()
			w, pull := newChart(t, "")
			reply := w.say(pull, "alice", "/chisel ignore "+rule+" until 2099-01-31 it drives */ }} the fans")
			w.contains(reply, "✅ Committed "+pull.Head(), "Ignore "+rule)
			files := w.repo.Files(pull.Head())
			for name, text := range want {
				if diff := cmp.Diff(text, files[name]); diff != "" {
					t.Errorf("%s (-want +got):\n%s", name, diff)
				}
			}
			runs := w.repo.CheckRuns(pull.Head())
			w.contains(runs[len(runs)-1].Text, "Ignored by", "it drives")
			w.contains(w.say(pull, "alice", "/chisel undo ignore "+rule), "✅ Committed "+pull.Head(), "Take back the ignore of "+rule)
			files = w.repo.Files(pull.Head())
			for name, text := range chart {
				if files[name] != text {
					t.Errorf("%s was not as before: %s", name, files[name])
				}
			}
		})
	}
}

// TestIgnoreInSettings opens one pull request with entries, to which the next command adds.
func TestIgnoreInSettings(t *testing.T) {
	t.Parallel()
	w, pull := newChart(t, "fail-on: error # ours\nignore: {where: settings}\n")
	const branch = "chiselbot/settings/main"
	w.contains(w.say(pull, "alice", "/chisel ignore privileged-container until 2099-01-31 it drives the fans"), "✅ Opened #2: Ignore privileged-container. It holds once that is merged.")
	w.contains(w.say(pull, "alice", "/chisel ignore privileged-container until 2099-01-31 it drives the fans"), "❌ Nothing was changed: the settings say that of `privileged-container` already.")
	w.contains(w.say(pull, "alice", "/chisel ignore run-as-non-root later"), "✅ Added to #2: Ignore run-as-non-root.")
	const want = "fail-on: error # ours\nignore: {where: settings}\nignores:\n  - rule: privileged-container\n    path: \"chart/values.yaml\"\n    until: 2099-01-31\n    reason: \"it drives the fans\"\n" +
		"  - rule: run-as-non-root\n    path: \"chart/templates/deployment.yaml\"\n    reason: \"later\"\n"
	if diff := cmp.Diff(want, w.repo.Files(w.repo.Branch(branch))[settingsPath]); diff != "" {
		t.Errorf("settings (-want +got):\n%s", diff)
	}
	own := w.proposals()
	if len(own) != 1 {
		t.Fatalf("%d pull requests", len(own))
	}
	w.contains(own[0].Body(), "as was asked for on #1")

	// Before it is merged the findings are there; after that they are listed as known.
	before := w.repo.CheckRuns(pull.Head())
	own[0].Merge("alice")
	w.settle()
	after := w.repo.CheckRuns(pull.Head())
	w.contains(after[len(after)-1].Text, "Ignored by", "it drives the fans", "`.github/chiselbot.yml:4`")
	if strings.Contains(before[len(before)-1].Text, "it drives the fans") {
		t.Error("it held before it was merged")
	}

	// The branch is left from the first one, and is gone on with.
	w.contains(w.say(pull, "alice", "/chisel undo ignore privileged-container"), "✅ Opened #3: Take back the ignore of privileged-container.")
	if got := w.repo.Files(w.repo.Branch(branch))[settingsPath]; strings.Contains(got, "privileged-container") || !strings.Contains(got, "run-as-non-root") {
		t.Errorf("settings %s", got)
	}
}

// TestIgnoreWho: the settings may want more than the permission to write.
func TestIgnoreWho(t *testing.T) {
	t.Parallel()
	w, pull := newChart(t, "ignore: {who: admin}\n")
	w.contains(w.say(pull, "alice", "/chisel ignore privileged-container it drives the fans"), "❌ Nothing was changed: the settings want the permission `admin`")
	w.repo.Allow("alice", "admin")
	w.contains(w.say(pull, "alice", "/chisel ignore privileged-container it drives the fans"), "✅ Committed")
}

// TestIgnoreNowhere: where no comment can stand, the settings can say it.
func TestIgnoreNowhere(t *testing.T) {
	t.Parallel()
	w := newProposals(t, "")
	w.start()
	w.settle()
	w.repo.Push("alice", "topic", "Pod", githubtest.Write("pod[1].json", `{
  "apiVersion": "v1",
  "kind": "Pod",
  "metadata": {"name": "cats"}, "spec": {"containers": [{"name": "cats", "image": "registry.example.com/cats:1", "securityContext": {"privileged": true}}]}}`))
	pull := w.repo.OpenPull("alice", "Pod", "topic", "main")
	w.settle()
	w.contains(w.say(pull, "alice", "/chisel ignore privileged-container it drives the fans"), "❌ Nothing was changed: `pod[1].json` can hold no comment at the finding. Write this into `.github/chiselbot.yml` instead:",
		"```yaml\nignores:\n  - rule: privileged-container\n    path: \"pod\\\\[1\\\\].json\"\n    reason: \"it drives the fans\"\n```")
	w.contains(w.say(pull, "alice", "/chisel ignore host-namespaces it is not there"), "❌ Nothing was changed: there is no finding of `host-namespaces` in what this pull request changes.")
}

// TestFixInChart: a chart's certain fix has a button, which commits to the values.
func TestFixInChart(t *testing.T) {
	t.Parallel()
	w := newProposals(t, "")
	w.start()
	w.settle()
	var files []githubtest.Change
	for name, text := range chart {
		files = append(files, githubtest.Write(name, strings.Replace(text, "privileged: true # why?", "capabilities: {drop: [all]} # why?", 1)))
	}
	w.repo.Push("alice", "topic", "Chart", files...)
	pull := w.repo.OpenPull("alice", "Chart", "topic", "main")
	w.settle()
	run := w.repo.CheckRuns(pull.Head())[0]
	w.repo.Press("alice", run.ID, "fix")
	w.settle()
	if got := w.repo.Files(pull.Head())["chart/values.yaml"]; !strings.Contains(got, "drop: [ALL]} # why?") {
		t.Errorf("buttons %+v, values %s, %+v", run.Actions, got, pull.Comments())
	}
}
