package report

import (
	"encoding/json"
	"flag"
	"go/ast"
	"go/parser"
	"go/token"
	"os"
	"reflect"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/invopop/jsonschema"
)

// TestSchema keeps review.schema.json, which describes what [JSON] writes, as the types
// and the comments on them are. It is written with -update.
func TestSchema(t *testing.T) { //nolint:paralleltest // others read what it writes with -update
	const name = "review.schema.json"
	comments := typeComments(t)
	reflector := jsonschema.Reflector{
		Anonymous:                 true,
		AllowAdditionalProperties: true, // those of later versions
		Namer:                     func(typ reflect.Type) string { return strings.TrimPrefix(typ.Name(), "json") },
		LookupComment: func(typ reflect.Type, field string) string {
			return comments[strings.TrimSuffix(typ.Name()+"."+field, ".")]
		},
	}
	schema := reflector.Reflect(&jsonReview{})
	schema.ID = homepage + "/blob/main/app/report/" + name
	schema.Title = "chiselbot review"
	got, err := json.MarshalIndent(schema, "", "  ")
	if err != nil {
		t.Fatal(err)
	}
	got = append(got, '\n')

	want, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	diff := cmp.Diff(string(want), string(got))
	switch {
	case diff == "":
	case flag.Lookup("update").Value.String() == "true":
		if err := os.WriteFile(name, got, 0o644); err != nil {
			t.Fatal(err)
		}
	default:
		t.Errorf("%s is stale (-want +got), rewrite with -update:\n%s", name, diff)
	}
}

// typeComments are the comments on the types of json.go and their fields, by "type" and
// "type.field", each on one line and without the type's Go name.
func typeComments(t *testing.T) map[string]string {
	t.Helper()
	f, err := parser.ParseFile(token.NewFileSet(), "json.go", nil, parser.ParseComments)
	if err != nil {
		t.Fatal(err)
	}
	comments := map[string]string{}
	for _, d := range f.Decls {
		decl, ok := d.(*ast.GenDecl)
		if !ok {
			continue
		}
		for _, s := range decl.Specs {
			spec, ok := s.(*ast.TypeSpec)
			if !ok {
				continue
			}
			name := spec.Name.Name
			comments[name] = strings.ReplaceAll(oneLine(decl.Doc), name, strings.ToLower(strings.TrimPrefix(name, "json")))
			for _, field := range spec.Type.(*ast.StructType).Fields.List {
				for _, id := range field.Names {
					comments[name+"."+id.Name] = oneLine(field.Doc)
				}
			}
		}
	}
	return comments
}

func oneLine(c *ast.CommentGroup) string { return strings.Join(strings.Fields(c.Text()), " ") }
