package githubtest

import (
	_ "embed"
	"fmt"
	"maps"
	"net/http"
	"reflect"
	"sync"

	"github.com/vektah/gqlparser/v2"
	"github.com/vektah/gqlparser/v2/ast"
	"github.com/vektah/gqlparser/v2/validator"
)

//go:embed schema.graphql
var schemaText string

// schema is parsed when it is first needed.
var schema = sync.OnceValue(func() *ast.Schema {
	return gqlparser.MustLoadSchema(&ast.Source{Name: "schema.graphql", Input: schemaText})
})

var graphqlRoutes = []route{{pattern: "POST /graphql", as: asInstallation, serve: answerQuery}}

// answerQuery answers one query. One that the schema does not know is unknown here.
func answerQuery(c *call) (*reply, error) {
	var ask struct {
		Query     string         `json:"query"`
		Variables map[string]any `json:"variables"`
	}
	if err := c.decode(&ask); err != nil {
		return nil, err
	}
	document, errs := gqlparser.LoadQueryWithRules(schema(), ask.Query, nil)
	if len(errs) > 0 {
		return nil, c.g.unknown(fmt.Sprintf("POST /graphql: %v", errs))
	}
	operation := document.Operations[0]
	if len(document.Operations) != 1 || operation.Operation != ast.Query {
		return nil, c.g.unknown("POST /graphql: only single queries are answered")
	}
	variables, err := validator.VariableValues(schema(), operation, ask.Variables)
	if err != nil {
		return nil, c.g.unknown(fmt.Sprintf("POST /graphql: %v", err))
	}
	e := &execution{call: c, variables: variables}
	data := e.object("Query", nil, operation.SelectionSet, nil)
	body := object{"data": data}
	if len(e.errors) > 0 {
		body["errors"] = e.errors
	}
	return &reply{status: http.StatusOK, body: body}, nil
}

// An execution is one query on its way.
type execution struct {
	call      *call
	variables map[string]any
	errors    []object
}

// A resolver gives the value of a field. An error makes it null and is told beside.
type resolver func(e *execution, parent any, args map[string]any) (any, error)

// A queryError is one of GraphQL's types of errors.
type queryError struct{ kind, message string }

func (e *queryError) Error() string { return e.message }

// object answers a selection of one value's fields.
func (e *execution) object(typeName string, value any, selection ast.SelectionSet, path []any) object {
	out := object{}
	for _, s := range selection {
		switch s := s.(type) {
		case *ast.InlineFragment:
			if e.is(typeName, s.TypeCondition) {
				maps.Copy(out, e.object(typeName, value, s.SelectionSet, path))
			}
		case *ast.FragmentSpread:
			if e.is(typeName, s.Definition.TypeCondition) {
				maps.Copy(out, e.object(typeName, value, s.Definition.SelectionSet, path))
			}
		case *ast.Field:
			here := append(append([]any{}, path...), s.Alias)
			if s.Name == "__typename" {
				out[s.Alias] = typeName
				continue
			}
			resolve := resolvers[typeName+"."+s.Name]
			if resolve == nil {
				panic("githubtest: schema.graphql has a field without a resolver: " + typeName + "." + s.Name)
			}
			v, err := resolve(e, value, s.ArgumentMap(e.variables))
			if err != nil {
				e.fail(err, here)
				v = nil
			}
			out[s.Alias] = e.complete(s.Definition.Type, v, s.SelectionSet, here)
		}
	}
	return out
}

func (e *execution) fail(err error, path []any) {
	q := &queryError{kind: "INTERNAL", message: err.Error()}
	if typed, ok := err.(*queryError); ok { //nolint:errorlint // resolvers return it bare
		q = typed
	}
	e.errors = append(e.errors, object{
		"type": q.kind, "path": path, "message": q.message, "locations": []object{{"line": 1, "column": 1}},
	})
}

// complete turns a value into what the field's type says.
func (e *execution) complete(t *ast.Type, value any, selection ast.SelectionSet, path []any) any {
	if v := reflect.ValueOf(value); !v.IsValid() || (v.Kind() == reflect.Pointer && v.IsNil()) {
		return nil
	}
	if t.Elem != nil {
		list := []any{}
		for i := range reflect.ValueOf(value).Len() {
			list = append(list, e.complete(t.Elem, reflect.ValueOf(value).Index(i).Interface(), selection, append(append([]any{}, path...), i)))
		}
		return list
	}
	definition := schema().Types[t.NamedType]
	switch {
	case definition.IsLeafType():
		return value
	case definition.IsAbstractType():
		return e.object(concreteType(value), value, selection, path)
	default:
		return e.object(t.NamedType, value, selection, path)
	}
}

// is reports whether an object type is the named type or implements it.
func (e *execution) is(typeName, condition string) bool {
	if typeName == condition || condition == "" {
		return true
	}
	for _, d := range schema().PossibleTypes[condition] {
		if d.Name == typeName {
			return true
		}
	}
	return false
}

// need is an error when the token has not the permission.
func (e *execution) need(permission string) error {
	if !e.call.may(permission) {
		return &queryError{"FORBIDDEN", "Resource not accessible by integration"}
	}
	return nil
}

// connect is the part of a list that a connection's arguments ask for.
func connect[T any](list []T, args map[string]any) (*connection, error) {
	first, hasFirst := number(args["first"])
	last, hasLast := number(args["last"])
	switch {
	case !hasFirst && !hasLast:
		return nil, &queryError{"MISSING_PAGINATION_BOUNDARIES", "You must provide a `first` or `last` value to properly paginate the connection."}
	case first > 100 || last > 100:
		return nil, &queryError{"EXCESSIVE_PAGINATION", "Requesting more than 100 records on the connection exceeds the `first` limit of 100 records."}
	}
	start, end := 0, len(list)
	if after, _ := args["after"].(string); after != "" {
		if _, err := fmt.Sscanf(after, "cursor:%d", &start); err != nil {
			return nil, &queryError{"INVALID_CURSOR_ARGUMENTS", "`" + after + "` does not appear to be a valid cursor."}
		}
		start = min(start, len(list))
	}
	if hasFirst {
		end = min(start+int(first), end)
	} else {
		start = max(start, end-int(last))
	}
	c := &connection{total: len(list), next: end < len(list), end: fmt.Sprintf("cursor:%d", end)}
	for _, one := range list[start:end] {
		c.nodes = append(c.nodes, one)
	}
	return c, nil
}

// number is an Int: in the query itself or in a variable, which came as JSON.
func number(v any) (int64, bool) {
	switch v := v.(type) {
	case int64:
		return v, true
	case float64:
		return int64(v), true
	}
	return 0, false
}

type connection struct {
	nodes []any
	total int
	next  bool
	end   string
}
