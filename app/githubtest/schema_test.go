package githubtest_test

import (
	"cmp"
	"encoding/json"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/santhosh-tekuri/jsonschema/v6"
	"github.com/vektah/gqlparser/v2/ast"
	"github.com/vektah/gqlparser/v2/parser"

	"github.com/chiselbot/chiselbot/app/githubtest"
)

// octokit is the folder in which GitHub's own descriptions of itself are, put there by
//
//	npm install --prefix DIR @octokit/openapi @octokit/webhooks-schemas @octokit/graphql-schema
//	OCTOKIT=DIR go test ./app/githubtest
func octokit(t *testing.T) string {
	t.Helper()
	dir := os.Getenv("OCTOKIT")
	if dir == "" {
		t.Skip("OCTOKIT names no folder with GitHub's own schemas, see octokit in schema_test.go")
	}
	return filepath.Join(dir, "node_modules", "@octokit")
}

func readJSON(t *testing.T, name string) map[string]any {
	t.Helper()
	data, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	var v map[string]any
	if err := json.Unmarshal(data, &v); err != nil {
		t.Fatal(err)
	}
	return v
}

// TestShapes plays all that the server can do, and checks each answer, each request and
// each webhook with GitHub's own schemas.
func TestShapes(t *testing.T) {
	t.Parallel()
	dir := octokit(t)
	api := readJSON(t, filepath.Join(dir, "openapi", "generated", "api.github.com.json"))
	nullable(api)
	// This one is described as an account that is a user and an enterprise at once.
	list := api["paths"].(m)["/app/installations"].(m)["get"].(m)["responses"].(m)["200"].(m)["content"].(m)["application/json"].(m)["schema"].(m)
	list["items"] = m{"$ref": "#/components/schemas/installation"}
	compiler := jsonschema.NewCompiler()
	// The library's own does not know {/name}.
	compiler.RegisterFormat(&jsonschema.Format{Name: "uri-template", Validate: func(any) error { return nil }})
	if err := compiler.AddResource("api.json", api); err != nil {
		t.Fatal(err)
	}
	hooks := readJSON(t, filepath.Join(dir, "webhooks-schemas", "schema.json"))
	open(hooks)
	if err := compiler.AddResource("hooks.json", hooks); err != nil {
		t.Fatal(err)
	}

	w := newWorld(t, githubtest.Options{})
	paths := api["paths"].(map[string]any)
	checked := map[string]bool{}
	w.exchange = func(req *http.Request, body []byte, status int, data []byte) {
		template := pathTemplate(paths, strings.TrimPrefix(req.URL.Path, "/api/v3"))
		method := strings.ToLower(req.Method)
		if template == "" {
			if !strings.Contains(req.URL.Path, "graphql") && !strings.Contains(req.URL.Path, "/settings/apps/new") {
				t.Errorf("%s %s is not an endpoint of GitHub's", req.Method, req.URL.Path)
			}
			return
		}
		operation := paths[template].(map[string]any)[method].(map[string]any)
		pointer := "api.json#/paths/" + strings.NewReplacer("~", "~0", "/", "~1", "{", "%7B", "}", "%7D").Replace(template) + "/" + method
		check := func(pointer string, data []byte) {
			schema, err := compiler.Compile(pointer)
			if err != nil {
				t.Fatal(err)
			}
			v, err := jsonschema.UnmarshalJSON(strings.NewReader(string(data)))
			if err != nil {
				t.Fatal(err)
			}
			if err := schema.Validate(v); err != nil {
				t.Errorf("%s %s: %v", req.Method, req.URL.Path, err)
			}
		}
		code := http.StatusText(status)
		responses := operation["responses"].(map[string]any)
		response, known := responses[jsonNumber(status)].(map[string]any)
		if !known {
			t.Errorf("%s %s answers %d %s, which is not among GitHub's", method, template, status, code)
			return
		}
		checked[method+" "+template] = true
		if status < 300 && len(body) > 0 && operation["requestBody"] != nil {
			check(pointer+"/requestBody/content/application~1json/schema", body)
		}
		if content, ok := response["content"].(map[string]any); ok && content["application/json"] != nil && json.Valid(data) {
			check(pointer+"/responses/"+jsonNumber(status)+"/content/application~1json/schema", data)
		}
	}
	playAll(w)

	delivered := map[string]bool{}
	for _, h := range w.received() {
		action, _ := h.payload["action"].(string)
		delivered[h.event+" "+action] = true
		definitions := hooks["definitions"].(map[string]any)
		name := h.event + "$" + cmp.Or(action, "event")
		if definitions[name] == nil {
			t.Errorf("%s is not an event of GitHub's", name)
			continue
		}
		schema, err := compiler.Compile("hooks.json#/definitions/" + url.PathEscape(name))
		if err != nil {
			t.Fatal(err)
		}
		v, err := jsonschema.UnmarshalJSON(strings.NewReader(string(h.data)))
		if err != nil {
			t.Fatal(err)
		}
		if err := schema.Validate(v); err != nil {
			t.Errorf("webhook %s: %v", name, err)
		}
	}
	t.Logf("%d operations and %d events checked", len(checked), len(delivered))
}

// nullable turns OpenAPI's word for null into JSON Schema's.
func nullable(v any) {
	switch v := v.(type) {
	case map[string]any:
		if v["nullable"] == true {
			if kind, ok := v["type"].(string); ok {
				v["type"] = []any{kind, "null"}
			} else {
				inner := map[string]any{}
				for name, value := range v {
					inner[name] = value
					delete(v, name)
				}
				delete(inner, "nullable")
				v["anyOf"] = []any{map[string]any{"type": "null"}, inner}
			}
			if enum, ok := v["enum"].([]any); ok {
				v["enum"] = append(enum, nil)
			}
		}
		for _, inner := range v {
			nullable(inner)
		}
	case []any:
		for _, inner := range v {
			nullable(inner)
		}
	}
}

// open lets objects have more than is described: GitHub has added to webhooks since they
// were described.
func open(v any) {
	switch v := v.(type) {
	case map[string]any:
		delete(v, "additionalProperties")
		for _, inner := range v {
			open(inner)
		}
	case []any:
		for _, inner := range v {
			open(inner)
		}
	}
}

func jsonNumber(n int) string {
	data, _ := json.Marshal(n) //nolint:errchkjson // an int
	return string(data)
}

// pathTemplate is the most literal of the templates that a path fits.
func pathTemplate(paths map[string]any, path string) string {
	best, literal := "", -1
	for template := range paths {
		pattern := regexp.MustCompile(`\\\{[^}]*\\\}`).ReplaceAllString(regexp.QuoteMeta(template), "[^/]+")
		if strings.Contains(template, "{ref}") && strings.HasPrefix(template, "/repos/{owner}/{repo}/git/") {
			pattern = strings.TrimSuffix(pattern, "[^/]+") + ".+"
		}
		n := len(regexp.MustCompile(`\{[^}]*\}`).ReplaceAllString(template, ""))
		if n > literal && regexp.MustCompile("^"+pattern+"$").MatchString(path) {
			best, literal = template, n
		}
	}
	return best
}

// TestGraphQLSchema compares schema.graphql with GitHub's own: each type, field, argument
// and value of ours is there, of the same type.
func TestGraphQLSchema(t *testing.T) {
	t.Parallel()
	theirs := loadSchema(t, filepath.Join(octokit(t), "graphql-schema", "schema.graphql"))
	ours := loadSchema(t, "schema.graphql")
	for name, mine := range ours {
		other := theirs[name]
		if other == nil || other.Kind != mine.Kind {
			t.Errorf("GitHub has no %s %s", mine.Kind, name)
			continue
		}
		for _, f := range mine.Fields {
			its := other.Fields.ForName(f.Name)
			if its == nil || its.Type.String() != f.Type.String() {
				t.Errorf("GitHub has no %s.%s: %s", name, f.Name, f.Type)
				continue
			}
			for _, a := range f.Arguments {
				if b := its.Arguments.ForName(a.Name); b == nil || b.Type.String() != a.Type.String() {
					t.Errorf("GitHub's %s.%s has no argument %s: %s", name, f.Name, a.Name, a.Type)
				}
			}
			for _, b := range its.Arguments {
				if b.Type.NonNull && b.DefaultValue == nil && f.Arguments.ForName(b.Name) == nil {
					t.Errorf("GitHub's %s.%s needs the argument %s", name, f.Name, b.Name)
				}
			}
		}
		for _, v := range mine.EnumValues {
			if other.EnumValues.ForName(v.Name) == nil {
				t.Errorf("GitHub's %s has no %s", name, v.Name)
			}
		}
		for _, i := range mine.Interfaces {
			if !slices.Contains(other.Interfaces, i) {
				t.Errorf("GitHub's %s is no %s", name, i)
			}
		}
	}
}

// loadSchema reads the types of a schema. GitHub's own names a field twice here and there,
// so it is only parsed.
func loadSchema(t *testing.T, name string) map[string]*ast.Definition {
	t.Helper()
	data, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	document, err := parser.ParseSchema(&ast.Source{Name: name, Input: string(data)})
	if err != nil {
		t.Fatal(err)
	}
	types := map[string]*ast.Definition{}
	for _, d := range document.Definitions {
		types[d.Name] = d
	}
	return types
}
