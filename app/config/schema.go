package config

import (
	"bytes"
	"encoding/json"
	"go/ast"
	"go/parser"
	"go/token"
	"reflect"
	"strings"

	"github.com/invopop/jsonschema"

	"github.com/chiselbot/chiselbot/checks"
)

// Schema is the JSON Schema (2020-12) of a settings file in which these rules may be
// named, for editors and validators. It is strict: what [Parse] accepts is valid, and
// what is valid has at most problems that a schema cannot express, such as a key set
// twice or a malformed glob.
func Schema(rules []*checks.Rule) []byte {
	reflector := jsonschema.Reflector{
		Anonymous:      true,
		DoNotReference: true,
		FieldNameTag:   "yaml",
		LookupComment:  fieldComments(),
		Mapper: func(t reflect.Type) *jsonschema.Schema {
			if t == reflect.TypeFor[checks.Severity]() {
				return &jsonschema.Schema{Type: "string"}
			}
			return nil
		},
	}
	schema := reflector.Reflect(&Settings{})
	schema.Title = "chiselbot settings"
	schema.Description = "Settings of chiselbot for one repository, in " + Path + " on its default branch."

	byID, _ := schema.Properties.Get("rules")
	byID.AdditionalProperties = jsonschema.FalseSchema
	byID.Properties = jsonschema.NewProperties()
	for _, rule := range rules {
		one := &jsonschema.Schema{Type: "string", Description: rule.Title + ".", Default: rule.Severity.String()}
		for _, s := range severities {
			one.Enum = append(one.Enum, s)
		}
		byID.Properties.Set(rule.ID, one)
	}

	var out bytes.Buffer
	e := json.NewEncoder(&out)
	e.SetIndent("", "  ")
	if err := e.Encode(schema); err != nil {
		panic(err) // a schema has nothing that JSON cannot say
	}
	return out.Bytes()
}

// fieldComments finds the comments on the fields of this package's types, each on one
// line. They are read from the source that is embedded, since a binary has no other.
func fieldComments() func(reflect.Type, string) string {
	f, err := parser.ParseFile(token.NewFileSet(), "settings.go", settingsSource, parser.ParseComments)
	if err != nil {
		panic(err) // it has been compiled
	}
	comments := map[string]string{}
	ast.Inspect(f, func(n ast.Node) bool {
		spec, ok := n.(*ast.TypeSpec)
		if !ok {
			return true
		}
		if s, ok := spec.Type.(*ast.StructType); ok {
			for _, field := range s.Fields.List {
				comments[spec.Name.Name+"."+field.Names[0].Name] = strings.Join(strings.Fields(field.Doc.Text()), " ")
			}
		}
		return false
	})
	return func(t reflect.Type, field string) string { return comments[t.Name()+"."+field] }
}
