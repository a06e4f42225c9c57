package render_test

import (
	"strings"
	"testing"
	"time"

	"github.com/chiselbot/chiselbot/checks/chart/render"
)

// FuzzRun renders charts of any templates and values. Nothing may panic, segments must lie
// in their document in order, and one that is a piece of a template's text must be found
// there as it is.
func FuzzRun(f *testing.F) {
	f.Add("port: 80\n", `{{ define "a" }}x: {{ . }}{{ end }}`, "a: {{ .Values.port }}\n{{ include \"a\" 1 | nindent 2 }}\n")
	f.Add("list: [a, b]\nm: {x: {y: 1}}\n", "", "{{ range .Values.list }}- {{ . }}\n{{ end }}{{ toYaml .Values.m | indent 2 }}")
	f.Add("t: '{{ .Values.u }}-x'\nu: v\n", "", "{{ tpl .Values.t . | quote }}{{ with .Values.none }}y: 1{{ else }}z{{ end }}")
	f.Add("a: {b: c}\n", "", `{{ $d := merge (dict "x" .Values.a) .Values }}{{ $d | toYaml | fromYaml | toYaml }}{{ printf "%s%q" "a" .Values.a.b | trunc 3 }}`)
	f.Add("a: b\n", "", "\U00100000\U00108001{{ \"\U00100000\U00108001\" }}x: {{ .Values.a }}\r\n{{- /* c */ -}} y")
	f.Fuzz(func(t *testing.T, values, helpers, template string) {
		req := request(values, helpers, template)
		req.Limits = render.Limits{Time: time.Second, Work: 8 << 20}
		resp, err := render.Run(t.Context(), req)
		if err != nil {
			t.Fatal(err)
		}
		for _, r := range resp.Renderings {
			for _, d := range r.Documents {
				checkSegments(t, req, &r, &d)
			}
		}
	})
}

func checkSegments(t *testing.T, req *render.Request, r *render.Rendering, d *render.Document) {
	t.Helper()
	end := 0
	for _, s := range d.Segments {
		if s.Start < end || s.End <= s.Start || s.End > len(d.Text) || s.Origin < 0 || s.Origin >= len(r.Origins) {
			t.Fatalf("segment %+v of %d bytes behind %d", s, len(d.Text), end)
		}
		end = s.End
		text := d.Text[s.Start:s.End]
		if strings.Contains(text, "\n") {
			t.Errorf("the segment %q has several lines", text)
		}
		o := r.Origins[s.Origin]
		if o.Frame < render.None || o.Frame >= len(r.Frames) || o.Key < render.None || o.Key >= len(r.Keys) {
			t.Fatalf("origin %+v", o)
		}
		if o.Place.File < 0 {
			continue
		}
		data := req.Files[o.Place.File].Data
		if o.Place.Start < 0 || o.Place.End < o.Place.Start || o.Place.End > len(data) {
			t.Fatalf("place %+v in %d bytes", o.Place, len(data))
		}
		// Text is as in the template, unless the result of a function was cut from it.
		if place := data[o.Place.Start:o.Place.End]; !strings.HasPrefix(place, "{{") && len(place) < len(text) && o.Key == render.None {
			t.Errorf("%q is said to come from the text %q", text, place)
		}
	}
}

// TestForged renders templates that print marks of their own. What they print is nothing
// that is proven.
func TestForged(t *testing.T) {
	t.Parallel()
	for name, template := range map[string]string{
		"text":     "a: b\nc: d\U00100000\U00108001\n",
		"action":   "a: b\nc: {{ \"d\U00100000\U00108001\" }}\n",
		"escape":   `a: b` + "\n" + `c: {{ "\U00100000\U00108001" }}`,
		"printf":   `a: {{ printf "%c%c" 1048576 1081345 }}`,
		"base64":   `a: {{ "9ICAgPSIgIE=" | b64dec }}`,
		"value":    `a: {{ .Values.forged }}`,
		"half":     "a: \U00100000b",
		"observed": `a: {{ if contains "` + "\U00100000" + `" (include "x" .) }}seen{{ else }}unseen{{ end }}`,
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			resp, err := render.Run(t.Context(), request("forged: \"\U00100000\U00108001\"\n", `{{ define "x" }}x: y{{ end }}`, template))
			if err != nil {
				t.Fatal(err)
			}
			for _, d := range resp.Renderings[0].Documents {
				if name != "observed" && len(d.Segments) > 0 {
					t.Errorf("%q has %d proven segments", d.Text, len(d.Segments))
				}
				if name == "observed" && d.Text != "a: unseen" {
					t.Errorf("the template has seen a mark: %q", d.Text)
				}
			}
		})
	}
}
