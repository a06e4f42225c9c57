package chiseled_test

import (
	"maps"
	"slices"
	"strings"
	"testing"

	"golang.org/x/tools/txtar"

	"github.com/chiselbot/chiselbot/checks/checktest"
	"github.com/chiselbot/chiselbot/fixes"
	"github.com/chiselbot/chiselbot/fixes/chiseled"
	"github.com/chiselbot/chiselbot/fixes/plantest"
)

// FuzzChart plans for a Dockerfile whose port moves and any chart that runs its image,
// applies the plan, and plans again: nothing but files of the tree changes, every plan that
// changes something is proven, and nothing is left to do.
func FuzzChart(f *testing.F) {
	for _, r := range []string{"chart", "probe", "command", "read-only"} {
		archive, err := txtar.ParseFile(r + ".txtar")
		if err != nil {
			f.Fatal(err)
		}
		charts := map[string]map[string]string{}
		for _, file := range archive.Files {
			name, path, _ := strings.Cut(file.Name, "/")
			if charts[name] == nil {
				charts[name] = map[string]string{}
			}
			if strings.HasPrefix(path, "chart/templates/") {
				charts[name]["template"] += string(file.Data)
			} else {
				charts[name][path] = string(file.Data)
			}
		}
		for _, c := range charts {
			f.Add(c["chart/values.yaml"], c["chart/values-prod.yaml"], c["template"])
		}
	}
	recipe := chiseled.Recipe(chiseled.Options{ReadOnly: true})
	f.Fuzz(func(t *testing.T, values, overlay, template string) {
		files := map[string]string{
			"cats/Dockerfile":            "FROM mcr.microsoft.com/dotnet/aspnet:7.0\nCOPY out /app\nENTRYPOINT [\"dotnet\", \"/app/Cats.dll\"]\n",
			"chart/Chart.yaml":           "apiVersion: v2\nname: cats\nversion: 1.0.0\nkubeVersion: \">=1.30.0-0\"\n",
			"chart/values.yaml":          values,
			"chart/values-prod.yaml":     overlay,
			"chart/templates/chart.yaml": template,
		}
		plans := made(t, recipe, files)
		if len(plans) == 0 {
			return
		}
		after := maps.Clone(files)
		for _, c := range plans[0].Changes {
			if files[c.Path] != c.Before {
				t.Fatalf("the plan changes %q, which is not as it says it is", c.Path)
			}
			after[c.Path] = c.After
		}
		if !plans[0].Applicable() {
			return
		}
		for _, p := range made(t, recipe, after) {
			if p.Applicable() {
				t.Fatalf("a second plan changes\n%s", p.Diff())
			}
		}
	})
}

func made(t *testing.T, recipe *fixes.Recipe, files map[string]string) []*fixes.Plan {
	plans, _, err := fixes.Plans(t.Context(), checktest.Tree(files), recipe, plantest.Options())
	if err != nil {
		t.Fatal(err)
	}
	for _, p := range plans {
		for _, r := range p.Reasons {
			if r.ID == "proof" {
				t.Fatalf("the plan does not hold: %s\nvalues:\n%s\noverlay:\n%s\ntemplate:\n%s", r.Message,
					files["chart/values.yaml"], files["chart/values-prod.yaml"], files["chart/templates/chart.yaml"])
			}
		}
	}
	return plans
}

// shape writes the values and the template of a chart in one of the ways in which people
// write them: a digit of the number decides each.
type shape struct{ number uint64 }

func (s *shape) one(of ...string) string {
	n := s.number % uint64(len(of))
	s.number /= uint64(len(of))
	return of[n]
}

// files are a chart, and the Dockerfile that builds its image.
func (s *shape) files() map[string]string {
	values := s.one("", "# The values.\n", "replicas: 1 # one\n\n")
	overlay := "replicas: 2\n"
	port := s.one("80", "{{ .Values.port }}", "{{ .Values.service.port }}", "{{ .Values.port | default 80 }}", "{{ .Values.image.port | int }}", "8080")
	values += s.one("port: 80 # inside\n", "port:   80\n", "\"port\": 80\n")
	values += s.one("service:\n  # for callers\n  port: 80\nimage:\n  port: 80\n", "service: {port: 80}\nimage: {port: 80}\n")
	overlay += s.one("", "port: 80 # here too\n", "service:\n  port: 8000\n")
	security := s.one(
		"", "          securityContext:\n            {{- toYaml .Values.securityContext | nindent 12 }}\n",
		"          {{- with .Values.securityContext }}\n          securityContext:\n            {{- toYaml . | nindent 12 }}\n          {{- end }}\n",
		"          securityContext: {{- toYaml .Values.securityContext | nindent 12 }}\n",
		"          securityContext:\n            runAsUser: 1000\n            capabilities: {drop: [all]} # all\n",
		"          {{- if .Values.securityContext }}\n          securityContext: {{ toJson .Values.securityContext }}\n          {{- end }}\n",
	)
	values += s.one("", "securityContext: {}\n", "securityContext: {} # nothing\n  # runAsUser: 1\n", "securityContext:\n", "securityContext:\n  runAsUser: 999\n  capabilities:\n    drop:\n    - all\n", "securityContext: {runAsUser: 999}\n", "securityContext: &security\n  allowPrivilegeEscalation: true # why?\nmore: *security\n")
	overlay += s.one("", "securityContext:\n    runAsUser: 1000\n", "securityContext: {readOnlyRootFilesystem: true}\n", "securityContext: null\n")
	pod := s.one("", "      {{- with .Values.podSecurityContext }}\n      securityContext:\n        {{- toYaml . | nindent 8 }}\n      {{- end }}\n", "      securityContext:\n        {{- toYaml .Values.podSecurityContext | nindent 8 }}\n")
	values += s.one("", "podSecurityContext: {}\n", "podSecurityContext:\n  fsGroup: 1 # of the volume\n")
	probe := s.one(
		"", "          livenessProbe:\n            exec: {command: [curl, -f, \"http://localhost:80/live\"]}\n            periodSeconds: 3\n",
		"          livenessProbe:\n            {{- toYaml .Values.probe | nindent 12 }}\n", "          livenessProbe: {{ toJson .Values.probe }}\n",
		"          {{- with .Values.probe }}\n          livenessProbe:\n            {{- toYaml . | nindent 12 }}\n          {{- end }}\n",
	)
	values += s.one("probe:\n  exec:\n    command:\n    - wget\n    - -q\n    - localhost/live\n  periodSeconds: 3 # often\n", "probe: {exec: {command: [sh, -c, 'curl -f localhost']}} # short\n", "probe:\n    httpGet: {port: 80, path: /}\n", "probe: {}\n")
	overlay += s.one("", "probe:\n  periodSeconds: 9\n", "probe:\n  exec:\n    command: [curl, -sf, \"http://localhost/other\"]\n")
	start := s.one("", "          command: [sh, -c, dotnet /app/Cats.dll]\n", "          command: [\"/bin/sh\", \"-c\"]\n          args:\n            {{- toYaml .Values.args | nindent 12 }}\n")
	values += s.one("args:\n- dotnet /app/Cats.dll --cats\n", "args: [\"exec dotnet '/app/Cats.dll'\"] # what runs\n")
	volumes := s.one("", "      {{- with .Values.volumes }}\n      volumes:\n        {{- toYaml . | nindent 8 }}\n      {{- end }}\n", "      volumes:\n        - name: data\n          persistentVolumeClaim: {claimName: data}\n")
	mounts := s.one("", "          {{- with .Values.mounts }}\n          volumeMounts:\n            {{- toYaml . | nindent 12 }}\n          {{- end }}\n", "          volumeMounts:\n          - {name: data, mountPath: /data}\n")
	values += s.one("volumes: []\nmounts: []\n", "volumes: # of the pod\n- configMap: {name: a}\n  name: a\nmounts:\n- name: a\n  mountPath: /a\n", "")
	target := s.one("http", "80", "{{ .Values.service.port }}")
	template := "apiVersion: apps/v1\nkind: Deployment\nmetadata:\n  name: cats\nspec:\n  template:\n    metadata:\n      labels: {app: cats}\n    spec:\n" + pod +
		"      containers:\n        - name: cats\n" + security + "          image: registry.example.com/cats:1\n          ports:\n            - name: http\n              containerPort: " + port + "\n" +
		probe + start + mounts + volumes +
		"---\napiVersion: v1\nkind: Service\nmetadata:\n  name: cats\nspec:\n  selector: {app: cats}\n  ports:\n    - port: {{ .Values.service.port }}\n      targetPort: " + target + "\n"
	files := map[string]string{
		"cats/Dockerfile":            "FROM mcr.microsoft.com/dotnet/aspnet:" + s.one("7.0", "10.0") + "\nCOPY out /app\nENTRYPOINT [\"dotnet\", \"/app/Cats.dll\"]\n",
		"chart/Chart.yaml":           "apiVersion: v2\nname: cats\nversion: 1.0.0\n",
		"chart/values.yaml":          values,
		"chart/values-prod.yaml":     overlay,
		"chart/templates/chart.yaml": template,
	}
	if eol := s.one("\n", "\r\n"); eol != "\n" {
		for name, text := range files {
			files[name] = strings.ReplaceAll(text, "\n", eol)
		}
	}
	if s.one("yes", "no") == "no" {
		files["chart/values.yaml"] = strings.TrimRight(files["chart/values.yaml"], "\r\n")
	}
	return files
}

// comments are the comments of a text.
func comments(text string) []string {
	var all []string
	for line := range strings.Lines(text) {
		if _, comment, ok := strings.Cut(" "+line, " # "); ok {
			all = append(all, strings.TrimSpace(comment))
		}
	}
	return all
}

// FuzzShapes plans for charts in the ways in which people write them. No comment of theirs
// goes, and line ends stay as they are.
func FuzzShapes(f *testing.F) {
	for n := range uint64(60) {
		f.Add(n*0x9e3779b97f4a7c15, n%2 == 0)
	}
	f.Fuzz(func(t *testing.T, number uint64, readOnly bool) {
		recipe := chiseled.Recipe(chiseled.Options{ReadOnly: readOnly})
		files := (&shape{number: number}).files()
		plans := made(t, recipe, files)
		after := maps.Clone(files)
		for _, p := range plans {
			for _, c := range p.Changes {
				after[c.Path] = c.After
				if was, is := comments(c.Before), comments(c.After); !slices.Equal(was, is) {
					t.Errorf("%s: comments were %q and are %q\n%s", c.Path, was, is, p.Diff())
				}
				if strings.Contains(c.Before, "\r\n") && strings.Count(c.After, "\n") != strings.Count(c.After, "\r\n") {
					t.Errorf("%s: line ends are mixed\n%q", c.Path, c.After)
				}
			}
		}
		for _, p := range made(t, recipe, after) {
			if p.Applicable() {
				t.Fatalf("a second plan changes\n%s", p.Diff())
			}
		}
	})
}
