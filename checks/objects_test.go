package checks_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"golang.org/x/tools/txtar"

	"github.com/chiselbot/chiselbot/checks"
	"github.com/chiselbot/chiselbot/checks/checktest"
	"github.com/chiselbot/chiselbot/checks/kube"
)

// portRule finds every containerPort below 1024; it stands in for real rules.
var portRule = &checks.Rule{ID: "port", Severity: checks.Warning, Object: func(p *checks.ObjectPass) {
	for _, pod := range p.Pods {
		for _, c := range pod.Containers {
			for _, port := range c.Ports() {
				if port.Number < 1024 {
					p.Report(p.Object.Where(port.Node.Get("containerPort")), checks.Finding{Key: c.Name + " port", Message: "Low."})
				}
			}
		}
	}
}}

// chartRule counts the objects of a release.
var chartRule = &checks.Rule{ID: "count", Severity: checks.Notice, Release: func(p *checks.ReleasePass) {
	o := p.Release.Objects[0]
	p.Report(o, o.Where(o.Root.Get("kind")), checks.Finding{Key: "count", Message: fmt.Sprintf("%d objects.", len(p.Release.Objects))})
}}

func run(t *testing.T, archive string, rules ...*checks.Rule) *checks.Result {
	t.Helper()
	files := map[string]string{}
	for _, f := range txtar.Parse([]byte(archive)).Files {
		files[f.Name] = string(f.Data)
	}
	res, err := checks.Run(t.Context(), checktest.Tree(files), checks.Options{Rules: rules, IsDockerfile: checktest.IsDockerfile, Now: checktest.Now})
	if err != nil {
		t.Fatal(err)
	}
	return res
}

// describeSets lists findings, skips and drops with their values sets.
func describeSets(res *checks.Result) string {
	var b strings.Builder
	for _, f := range res.Findings {
		fmt.Fprintf(&b, "%s:%d %q %v", f.Path(), f.Line(), f.Key, f.Sets)
		for _, r := range f.Related {
			fmt.Fprintf(&b, " <- %s:%d", r.File.Path(), r.File.LineAt(r.Span.Start))
		}
		b.WriteString("\n")
	}
	for _, s := range res.Skips {
		fmt.Fprintf(&b, "skip %s:%d %v %s\n", s.Path, s.Line(), s.Sets, s.Reason)
	}
	for _, d := range res.Drops {
		fmt.Fprintf(&b, "drop %s:%d %v %s", d.Finding.Path(), d.Finding.Line(), d.Finding.Sets, d.Reason)
		if d.By.File != nil {
			fmt.Fprintf(&b, " at %d", d.By.File.LineAt(d.By.Span.Start))
		}
		b.WriteString("\n")
	}
	return b.String()
}

const chartHead = `
-- web/Chart.yaml --
apiVersion: v2
name: web
version: 1.0.0
`

const deployment = `
-- web/templates/_pod.tpl --
{{- define "container" -}}
- name: app
  image: web:1
  ports:
    - containerPort: {{ .Values.port }}
{{- end }}
-- web/templates/deployment.yaml --
apiVersion: apps/v1
kind: Deployment
metadata:
  name: web
spec:
  template:
    spec:
      containers:
        {{- include "container" . | nindent 8 }}
`

func TestObjects(t *testing.T) {
	t.Parallel()
	tests := []struct{ name, archive, want string }{
		{
			"a manifest",
			"-- a/workflow.yaml --\non: push\njobs:\n  a: |\n    apiVersion: v1\n    kind: Pod\n-- a/broken.yaml --\n{{ x }}: 1\nb:\n  apiVersion: v1\n  kind: Pod\n" +
				"-- a/pod.yaml --\napiVersion: v1\nkind: Pod\nmetadata: {name: p, namespace: shop}\nspec: {containers: [{name: app, ports: [{containerPort: 80}]}]}\n" +
				"-- a/other.yaml --\nkind: of thing\n-- a/values.yaml --\napiVersion: x\n",
			"a/pod.yaml:4 \"Pod/shop/p app port\" []\n",
		},
		{
			"a manifest that cannot be read",
			"-- a.yaml --\napiVersion: v1\nkind: Pod\nspec: {{ x }}\n---\napiVersion: v1\nkind: Pod\nmetadata: {name: p}\nspec: {containers: [{name: app, ports: [{containerPort: 80}]}]}\n",
			"a.yaml:8 \"Pod/p app port\" []\nskip a.yaml:3 [] The name of a field must be a string.\n",
		},
		{
			"one finding for all sets of values",
			chartHead + "-- web/values.yaml --\nport: 80\n-- web/values-a.yaml --\nx: 1\n-- web/values-b.yaml --\nport: 8080\n" + deployment,
			"web/values.yaml:1 \"Deployment/web app port\" [values.yaml values-a.yaml] <- web/templates/_pod.tpl:5 <- web/templates/deployment.yaml:9\n",
		},
		{
			"a finding at each place that sets the value",
			chartHead + "-- web/values.yaml --\nport: 80\n-- web/values-a.yaml --\nport: 81\n" + deployment,
			"web/values-a.yaml:1 \"Deployment/web app port\" [values-a.yaml] <- web/templates/_pod.tpl:5 <- web/templates/deployment.yaml:9\n" +
				"web/values.yaml:1 \"Deployment/web app port\" [values.yaml] <- web/templates/_pod.tpl:5 <- web/templates/deployment.yaml:9\n",
		},
		{
			"a comment in the values",
			chartHead + "-- web/values.yaml --\n# Of the web.\n\n# chiselbot:ignore port old clients\nport: 80\nother: 1\n-- web/values-a.yaml --\nx: 1\nport: 81\n" + deployment,
			"web/values-a.yaml:2 \"Deployment/web app port\" [values-a.yaml] <- web/templates/_pod.tpl:5 <- web/templates/deployment.yaml:9\n" +
				"drop web/values.yaml:4 [values.yaml] old clients at 3\n",
		},
		{
			"a comment in the template",
			chartHead + "-- web/values.yaml --\nport: 80\n" + strings.Replace(deployment, "  ports:", "  {{- /* chiselbot:ignore port old clients */}}\n  ports:", 1),
			"drop web/values.yaml:1 [values.yaml] old clients at 4\n",
		},
		{
			"a comment where the template is included",
			chartHead + "-- web/values.yaml --\nport: 80\n" + strings.Replace(deployment, "      containers:", "      # chiselbot:ignore port old clients\n      containers:", 1),
			"drop web/values.yaml:1 [values.yaml] old clients at 8\n",
		},
		{
			"an annotation",
			chartHead + "-- web/values.yaml --\nport: 80\n" + strings.Replace(deployment, "  name: web", "  name: web\n  annotations:\n    chiselbot.dev/ignore.port: old clients", 1),
			"drop web/values.yaml:1 [values.yaml] old clients at 6\n",
		},
		{
			"an annotation without a reason",
			"-- pod.yaml --\napiVersion: v1\nkind: Pod\nmetadata: {name: p, annotations: {chiselbot.dev/ignore.port: ' '}}\nspec: {containers: [{name: app, ports: [{containerPort: 80}]}]}\n",
			"pod.yaml:4 \"Pod/p app port\" []\n",
		},
		{
			"what does not render is skipped, and the rest checked",
			chartHead + "-- web/values.yaml --\nport: 80\n-- web/templates/other.yaml --\nx: {{ required \"name it\" .Values.name }}\n-- web/templates/broken.yaml --\napiVersion: v1\nkind: A\nx: {{ .Values.port }}: 2\n" + deployment,
			"web/values.yaml:1 \"Deployment/web app port\" [values.yaml] <- web/templates/_pod.tpl:5 <- web/templates/deployment.yaml:9\n" +
				"skip web/templates/broken.yaml:3 [values.yaml] This is not valid YAML: mapping values are not allowed in this context.\n" +
				"skip web/templates/other.yaml:1 [values.yaml] Name it.\n",
		},
		{
			"patches of a kustomization are parts of objects",
			"-- k/kustomization.yaml --\napiVersion: kustomize.config.k8s.io/v1beta1\nkind: Kustomization\npatches: [{path: patch.yaml}]\n" +
				"-- k/patch.yaml --\napiVersion: v1\nkind: Pod\nmetadata: {name: p}\nspec: {containers: [{name: app, ports: [{containerPort: 80}]}]}\n",
			"",
		},
		{
			"a manifest beside a chart at the root",
			strings.ReplaceAll(chartHead, "web/", "") + "-- values.yaml --\nport: 80\n-- crds/a.yaml --\napiVersion: v1\nkind: Pod\nspec: {containers: [{name: app, ports: [{containerPort: 80}]}]}\n" +
				"-- deploy/pod.yaml --\napiVersion: v1\nkind: Pod\nmetadata: {name: p}\nspec: {containers: [{name: app, ports: [{containerPort: 80}]}]}\n",
			"deploy/pod.yaml:4 \"Pod/p app port\" []\n",
		},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			if diff := cmp.Diff(tt.want, describeSets(run(t, tt.archive, portRule))); diff != "" {
				t.Errorf("result (-want +got):\n%s", diff)
			}
		})
	}
}

// TestHelmTests demands that no more than errors is reported of what only `helm test` runs.
func TestHelmTests(t *testing.T) {
	t.Parallel()
	strict := &checks.Rule{ID: "strict", Severity: checks.Error, Object: func(p *checks.ObjectPass) {
		p.Report(p.Object.Where(p.Object.Root.Get("kind")), checks.Finding{Key: "strict", Message: "Strict."})
	}}
	pod := "apiVersion: v1\nkind: Pod\nmetadata: {name: p, annotations: {helm.sh/hook: 'HOOK'}}\nspec: {containers: [{name: app, ports: [{containerPort: 80}]}]}\n"
	reported := "web/templates/pod.yaml:4 \"Pod/p app port\" [values.yaml]\n"
	dropped := "drop web/templates/pod.yaml:4 [values.yaml] Only `helm test` runs this object, once: no more than errors are reported of it.\n"
	for hook, want := range map[string]string{"test": dropped, "test-success, test": dropped, "post-install,test": reported, "": reported} {
		t.Run(hook, func(t *testing.T) {
			t.Parallel()
			archive := chartHead + "-- web/templates/pod.yaml --\n" + strings.Replace(pod, "HOOK", hook, 1)
			want := "web/templates/pod.yaml:2 \"Pod/p strict\" [values.yaml]\n" + want
			if diff := cmp.Diff(want, describeSets(run(t, archive, portRule, strict))); diff != "" {
				t.Errorf("result (-want +got):\n%s", diff)
			}
		})
	}
	// To kubectl the annotation means nothing.
	want := "pod.yaml:4 \"Pod/p app port\" []\n"
	if diff := cmp.Diff(want, describeSets(run(t, "-- pod.yaml --\n"+strings.Replace(pod, "HOOK", "test", 1), portRule))); diff != "" {
		t.Errorf("a manifest (-want +got):\n%s", diff)
	}
}

func TestReleaseRule(t *testing.T) {
	t.Parallel()
	got := describeSets(run(t, "-- a/one.yaml --\napiVersion: v1\nkind: Pod\nmetadata: {name: p}\n-- a/two.yaml --\napiVersion: v1\nkind: Pod\nmetadata: {name: q}\n-- b/three.yaml --\napiVersion: v1\nkind: Pod\nmetadata: {name: r}\n", chartRule))
	want := "a/one.yaml:2 \"Pod/p count\" []\nb/three.yaml:2 \"Pod/r count\" []\n"
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("result (-want +got):\n%s", diff)
	}
}

// describeDelta lists a delta with the values sets.
func describeDelta(d checks.Delta) string {
	var b strings.Builder
	list := func(name string, fs []checks.Finding) {
		for _, f := range fs {
			fmt.Fprintf(&b, "%s %s:%d %s %v\n", name, f.Path(), f.Line(), f.Key, f.Sets)
		}
	}
	list("new", d.New)
	list("fixed", d.Fixed)
	list("same", d.Same)
	for _, m := range d.Moved {
		fmt.Fprintf(&b, "moved from %s to %s:%d %s %v\n", m.From, m.Path(), m.Line(), m.Key, m.Sets)
	}
	list("unsure", d.Unsure)
	for _, s := range d.Skips {
		fmt.Fprintf(&b, "skip %s %v\n", s.Path, s.Sets)
	}
	return b.String()
}

func TestCompareCharts(t *testing.T) {
	t.Parallel()
	base := chartHead + "-- web/values.yaml --\nport: 80\n-- web/values-a.yaml --\nx: 1\n" + deployment
	edit := func(pairs ...string) string { return strings.NewReplacer(pairs...).Replace(base) }
	tests := []struct{ name, base, head, want string }{
		{"nothing", base, base, "same web/values.yaml:1 Deployment/web app port [values.yaml values-a.yaml]\n"},
		{"from the values into the template", base, edit("{{ .Values.port }}", "80"), "same web/templates/_pod.tpl:5 Deployment/web app port [values.yaml values-a.yaml]\n"},
		{"another version and more lines", base, edit("1.0.0", "2.0.0", "port: 80", "# More.\nport: 80"), "same web/values.yaml:2 Deployment/web app port [values.yaml values-a.yaml]\n"},
		{"cured in the values", base, edit("port: 80", "port: 8080"), "fixed web/values.yaml:1 Deployment/web app port [values.yaml values-a.yaml]\n"},
		{"cured in one set", base, edit("x: 1", "port: 8080"), "fixed web/values.yaml:1 Deployment/web app port [values-a.yaml]\nsame web/values.yaml:1 Deployment/web app port [values.yaml]\n"},
		{"worse in one set", edit("port: 80", "port: 8080"), edit("port: 80", "port: 8080", "x: 1", "port: 81"), "new web/values-a.yaml:1 Deployment/web app port [values-a.yaml]\n"},
		{"a set that comes", base, base + "-- web/values-b.yaml --\nx: 1\n", "same web/values.yaml:1 Deployment/web app port [values.yaml values-a.yaml values-b.yaml]\n"},
		{"a set that comes with another place", base, base + "-- web/values-b.yaml --\nport: 81\n", "new web/values-b.yaml:1 Deployment/web app port [values-b.yaml]\nsame web/values.yaml:1 Deployment/web app port [values.yaml values-a.yaml]\n"},
		{"a set that goes", base, strings.Replace(base, "-- web/values-a.yaml --\nx: 1\n", "", 1), "same web/values.yaml:1 Deployment/web app port [values.yaml]\n"},
		{"a chart that moves", base, strings.ReplaceAll(base, "web/", "charts/web/"), "moved from web/Chart.yaml to charts/web/values.yaml:1 Deployment/web app port [values.yaml values-a.yaml]\n"},
		{
			"not rendered under one set", base, edit("x: 1", "x: 1\nbroken: true", "apiVersion: apps/v1", "{{ if .Values.broken }}{{ fail \"no\" }}{{ end }}\napiVersion: apps/v1"),
			"same web/values.yaml:1 Deployment/web app port [values.yaml]\nunsure web/values.yaml:1 Deployment/web app port [values-a.yaml]\nskip web/templates/deployment.yaml [values-a.yaml]\n",
		},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			got := describeDelta(checks.Compare(run(t, tt.base, portRule), run(t, tt.head, portRule)))
			if diff := cmp.Diff(tt.want, got); diff != "" {
				t.Errorf("delta (-want +got):\n%s", diff)
			}
		})
	}
}

// describeChanges lists changes of objects with the lines that their values come from.
func describeChanges(changes []checks.ObjectChange) string {
	var b strings.Builder
	line := func(o kube.Origin) string {
		at := o.Place()
		if at.IsZero() {
			return "-"
		}
		return fmt.Sprintf("%s:%d", at.File.Path(), at.Line())
	}
	for _, c := range changes {
		fmt.Fprintf(&b, "%s %s %v", c.Home, c.Object, c.Sets)
		switch {
		case c.Added:
			b.WriteString(" added")
		case c.Removed:
			b.WriteString(" removed")
		}
		b.WriteString("\n")
		for _, f := range c.Fields {
			fmt.Fprintf(&b, "\t%s: %q (%s) -> %q (%s)\n", f.Path, f.Before, line(f.From), f.After, line(f.To))
		}
	}
	return b.String()
}

func TestCompareObjects(t *testing.T) {
	t.Parallel()
	base := chartHead + "-- web/values.yaml --\nport: 80\n-- web/values-a.yaml --\nx: 1\n" + deployment
	const path = "spec.template.spec.containers[app].ports"
	tests := []struct{ name, base, head, want string }{
		{"nothing", base, base, ""},
		{
			"only the values", base, strings.Replace(base, "port: 80", "# New.\nport: 8080", 1),
			"web/Chart.yaml Deployment/web [values.yaml values-a.yaml]\n" +
				"\t" + path + "[0].containerPort: \"80\" (web/values.yaml:1) -> \"8080\" (web/values.yaml:2)\n",
		},
		{
			"one set, and the template", base, strings.NewReplacer("x: 1", "port: 81", "image: web:1", "image: web:2").Replace(base),
			"web/Chart.yaml Deployment/web [values.yaml]\n\tspec.template.spec.containers[app].image: \"web:1\" (web/templates/_pod.tpl:3) -> \"web:2\" (web/templates/_pod.tpl:3)\n" +
				"web/Chart.yaml Deployment/web [values-a.yaml]\n\tspec.template.spec.containers[app].image: \"web:1\" (web/templates/_pod.tpl:3) -> \"web:2\" (web/templates/_pod.tpl:3)\n" +
				"\t" + path + "[0].containerPort: \"80\" (web/values.yaml:1) -> \"81\" (web/values-a.yaml:1)\n",
		},
		{"a set that comes", base, base + "-- web/values-b.yaml --\nx: 1\n", ""},
		{"a chart that moves", base, strings.ReplaceAll(base, "web/", "charts/web/"), ""},
		{
			"objects that come and go, and secrets",
			"-- a.yaml --\napiVersion: v1\nkind: Secret\nmetadata: {name: s}\ndata: {k: b2xk}\n---\napiVersion: v1\nkind: Pod\nmetadata: {name: p}\n",
			"-- a.yaml --\napiVersion: v1\nkind: Secret\nmetadata: {name: s}\ndata: {k: bmV3}\n---\napiVersion: v1\nkind: Pod\nmetadata: {name: q}\n",
			"a.yaml Secret/s []\n\tdata.k: \"(hidden)\" (a.yaml:4) -> \"(hidden)\" (a.yaml:4)\na.yaml Pod/q [] added\na.yaml Pod/p [] removed\n",
		},
		{
			"what is called like a secret",
			"-- a.yaml --\napiVersion: v1\nkind: Pod\nmetadata: {name: p}\nspec: {containers: [{name: a, env: [{name: DB_PASSWORD, value: old}], serviceAccountName: a}]}\n",
			"-- a.yaml --\napiVersion: v1\nkind: Pod\nmetadata: {name: p}\nspec: {containers: [{name: a, env: [{name: DB_PASSWORD, value: new}, {name: TOKEN, value: mine}, {name: B, value: c}]}, {name: b, env: [{name: API_KEY, value: mine}]}]}\n",
			"a.yaml Pod/p []\n" +
				"\tspec.containers[a].env[DB_PASSWORD].value: \"(hidden)\" (a.yaml:4) -> \"(hidden)\" (a.yaml:4)\n" +
				"\tspec.containers[a].env[TOKEN]: \"\" (-) -> \"{name: TOKEN, value: (hidden)}\" (a.yaml:4)\n" +
				"\tspec.containers[a].env[B]: \"\" (-) -> \"{name: B, value: c}\" (a.yaml:4)\n" +
				"\tspec.containers[a].serviceAccountName: \"a\" (a.yaml:4) -> \"\" (-)\n" +
				"\tspec.containers[b]: \"\" (-) -> \"{name: b, env: [{name: API_KEY, value: (hidden)}]}\" (a.yaml:4)\n",
		},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			got := describeChanges(checks.CompareObjects(run(t, tt.base), run(t, tt.head)))
			if diff := cmp.Diff(tt.want, got); diff != "" {
				t.Errorf("changes (-want +got):\n%s", diff)
			}
		})
	}
}
