package render_test

import (
	"fmt"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/chiselbot/chiselbot/checks/chart/render"
)

// request is a chart of one template, with helpers and values.
func request(values, helpers, template string) *render.Request {
	return &render.Request{
		Files: []render.File{
			{Name: "Chart.yaml", Path: "Chart.yaml", Data: "apiVersion: v2\nname: c\nversion: 1.0.0\n"},
			{Name: "values.yaml", Path: "values.yaml", Data: values},
			{Name: "templates/_helpers.tpl", Path: "templates/_helpers.tpl", Data: helpers},
			{Name: "templates/a.yaml", Path: "templates/a.yaml", Data: template},
		},
		Sets: []render.Set{{}},
	}
}

// TestHostile renders charts that ask for more than there is. Each must end with a
// problem that says so, and give back what it took.
func TestHostile(t *testing.T) {
	t.Parallel()
	bomb := "a: &a [x,x,x,x,x,x,x,x,x,x]\n"
	for c := 'b'; c <= 'j'; c++ {
		bomb += fmt.Sprintf("%c: &%c [%s]\n", c, c, strings.TrimSuffix(strings.Repeat("*"+string(c-1)+",", 10), ","))
	}
	double := `{{ $x := "xxxxxxxxxxxxxxxx" }}{{ range until 64 }}{{ $x = %s }}{{ end }}x: {{ len $x }}`
	dag := `{{ $d := dict "a" 1 }}{{ range until 40 }}{{ $d = dict "a" $d "b" $d }}{{ end }}`
	const loop = `{{ $d := dict }}{{ $_ := set $d "self" $d }}`
	tests := map[string]struct{ values, helpers, template string }{
		"until":          {template: `{{ range until 2000000000 }}x{{ end }}`},
		"untilStep":      {template: `{{ range untilStep 9223372036854775800 9223372036854775807 5 }}x{{ end }}`},
		"seq":            {template: `x: {{ seq 0 1 2000000000 }}`},
		"range":          {template: `{{ range 2000000000 }}{{ end }}`},
		"range-blank":    {template: `{{ range 2000000000 }}` + strings.Repeat(" ", 1<<16) + `{{ end }}`},
		"range-text":     {template: `{{ range 2000000000 }}some: text{{ end }}`},
		"ranges":         {template: strings.Repeat(`{{ range until 1000 }}`, 8) + strings.Repeat(`{{ end }}`, 8)},
		"repeat":         {template: `x: {{ repeat 1000000000 "x" }}`},
		"repeat-value":   {values: "size: 1000000000\n", template: `x: {{ repeat (int .Values.size) "x" }}`},
		"indent":         {template: `x: {{ indent 1000000000 "x" }}`},
		"nindent":        {template: `x: {{ "a\nb\nc" | nindent 10000000 }}`},
		"printf":         {template: `x: {{ printf "%1000000000d" 1 }}`},
		"printf-star":    {template: `x: {{ printf "%*d" 1000000000 1 }}`},
		"double-print":   {template: fmt.Sprintf(double, `print $x $x`)},
		"double-printf":  {template: fmt.Sprintf(double, `printf "%s%s" $x $x`)},
		"double-cat":     {template: fmt.Sprintf(double, `cat $x $x`)},
		"double-join":    {template: fmt.Sprintf(double, `join "," (list $x $x)`)},
		"double-replace": {template: fmt.Sprintf(double, `replace "x" "xxxxxxxx" $x`)},
		"double-regex":   {template: fmt.Sprintf(double, `regexReplaceAll "x" $x "xxxxxxxx"`)},
		"double-regex2":  {template: fmt.Sprintf(double, `regexReplaceAll ".+" $x "$0$0$0$0"`)},
		"double-b64":     {template: fmt.Sprintf(double, `b64enc $x | b64enc | b64enc`)},
		"double-tpl":     {template: fmt.Sprintf(double, `tpl "{{ . }}{{ . }}" $x`)},
		"double-quote":   {template: fmt.Sprintf(double, `quote $x $x`)},
		"double-json":    {template: fmt.Sprintf(double, `toJson (list $x $x)`)},
		"double-list":    {template: `{{ $x := list 1 2 3 4 5 6 7 8 }}{{ range until 64 }}{{ $x = concat $x $x }}{{ end }}`},
		"uniq":           {template: `{{ $x := until 100000 | toStrings }}x: {{ uniq $x | len }}`},
		"dag-yaml":       {template: dag + `{{ toYaml $d }}`},
		"dag-json":       {template: dag + `{{ toJson $d }}`},
		"dag-print":      {template: dag + `{{ $d }}`},
		"dag-printf":     {template: dag + `{{ printf "%v" $d }}`},
		"dag-string":     {template: dag + `{{ toString $d }}`},
		"dag-join":       {template: dag + `{{ join "," (list $d) }}`},
		"dag-quote":      {template: dag + `{{ quote $d }}`},
		"dag-copy":       {template: dag + `{{ $e := deepCopy $d }}`},
		"dag-merge":      {template: dag + `{{ $e := merge (dict) $d }}`},
		"dag-equal":      {template: dag + `{{ deepEqual $d $d }}`},
		"loop-yaml":      {template: loop + `{{ toYaml $d }}`},
		"loop-print":     {template: loop + `{{ $d }}`},
		"loop-merge":     {template: loop + `{{ $e := merge $d $d }}`},
		"loop-values":    {values: "a: {}\n", template: `{{ $_ := set .Values.a "a" .Values }}{{ toYaml .Values }}`},
		"self":           {helpers: `{{ define "self" }}{{ include "self" . }}{{ end }}`, template: `{{ include "self" . }}`},
		"self-template":  {helpers: `{{ define "self" }}{{ template "self" . }}{{ end }}`, template: `{{ template "self" . }}`},
		"self-tpl":       {values: "x: '{{ tpl .Values.x . }}'\n", template: `{{ tpl .Values.x . }}`},
		"self-twice":     {helpers: `{{ define "self" }}{{ if lt . 60 }}{{ include "self" (add 1 .) }}{{ include "self" (add 1 .) }}{{ end }}{{ end }}`, template: `{{ include "self" 0 }}`},
		"ping-pong":      {helpers: `{{ define "a" }}{{ include "b" . }}{{ end }}{{ define "b" }}{{ include "a" . }}{{ end }}`, template: `{{ include "a" . }}`},
		"aliases":        {values: bomb, template: `x: y`},
		"aliases-inside": {template: "{{ $x := fromYaml `" + bomb + "` }}{{ fail $x.Error }}"},
		"nested-if":      {template: strings.Repeat(`{{ if true }}`, 100000) + strings.Repeat(`{{ end }}`, 100000)},
		"nested-else":    {template: `{{ if false }}` + strings.Repeat(`{{ else if false }}`, 100000) + `{{ end }}`},
		"nested-tpl":     {template: "{{ tpl (print (repeat 100000 `{{ if true }}`) (repeat 100000 `{{ end }}`)) . }}"},
		"nested-toml":    {template: `{{ $x := fromToml (print "a = " (repeat 1000000 "[")) }}`},
		"many-tpl":       {template: `{{ range until 190000 }}{{ tpl (printf "{{ %d }}" .) $ }}{{ end }}`},
		"random":         {template: `x: {{ randAlphaNum 1000000000 }}`},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			req := request(tt.values, tt.helpers, tt.template)
			req.Limits = render.Limits{Time: 2 * time.Second, Work: 64 << 20}
			resp, err := render.Run(t.Context(), req)
			if err != nil {
				t.Fatal(err)
			}
			r := resp.Renderings[0]
			if len(r.Problems) == 0 || len(r.Documents) > 0 {
				t.Errorf("%d documents and no problem", len(r.Documents))
			}
			for _, p := range r.Problems {
				if p.Reason != render.Limit && !strings.Contains(p.Message, "nested reference name") && !strings.Contains(p.Message, "excessive aliasing") {
					t.Errorf("%s: %.200s", p.Reason, p.Message)
				}
			}
		})
	}
	t.Cleanup(func() { // when all have ended
		runtime.GC()
		var m runtime.MemStats
		runtime.ReadMemStats(&m)
		if m.HeapAlloc > 100<<20 {
			t.Errorf("%d MiB are still in use", m.HeapAlloc>>20)
		}
	})
}
