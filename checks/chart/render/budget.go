package render

import (
	"context"
	"errors"
	"fmt"
	"reflect"
)

const (
	// maxNesting is how often Helm lets one template include itself.
	maxNesting = 1000
	// maxDepth is how deep inclusions of any templates nest.
	maxDepth = 1000
	// maxOrigins is how many places are told apart in one rendering.
	maxOrigins = 8 << 20
	// maxString is the longest string that a function may make, maxList the longest list.
	maxString = 16 << 20
	maxList   = 200_000
	// maxNodes is how many values a function may be given within one argument, counted
	// as often as they would be printed.
	maxNodes = 500_000
	// maxNest is how deep such values may nest.
	maxNest = 200
)

// A limit is the error of a chart that asks for too much.
type limit struct {
	message string
	cause   error
}

func (l *limit) Error() string { return "the chart asks for " + l.message }

func (l *limit) Unwrap() error { return l.cause }

func limitError(format string, args ...any) error {
	return &limit{message: fmt.Sprintf(format, args...)}
}

func isLimit(err error) bool {
	_, ok := errors.AsType[*limit](err)
	return ok
}

// A budget is how much work a rendering may still do.
type budget struct {
	done  func() error // tells that the time is over
	work  int          // bytes
	calls int
}

func newBudget(ctx context.Context, limits Limits) *budget {
	return &budget{done: ctx.Err, work: limits.Work}
}

// spend takes bytes from the budget. Every call costs some on top.
func (b *budget) spend(bytes int) error {
	const everyCall, askEvery = 256, 256
	if b.calls++; b.calls%askEvery == 0 || bytes > 1<<16 {
		if err := b.done(); err != nil {
			return &limit{message: "more time than there is", cause: err}
		}
	}
	if bytes > maxString {
		return limitError("a text of more than %d MiB", maxString>>20)
	}
	if b.work -= bytes + everyCall; b.work < 0 {
		return limitError("more work than is done for a chart")
	}
	return nil
}

// measure makes sure that a value can be walked: that it is not endless and not larger
// than it looks. Maps and lists can hold themselves, or one value many times.
func (b *budget) measure(value any) error {
	switch value.(type) {
	case nil, string, bool, int, int64, float64:
		return nil
	}
	nodes := 0
	return b.walk(value, &nodes, 0)
}

func (b *budget) walk(value any, nodes *int, depth int) error {
	if *nodes++; *nodes > maxNodes || depth > maxNest {
		return limitError("a value of more than %d parts or %d levels", maxNodes, maxNest)
	}
	switch v := value.(type) {
	case nil, bool, int, int64, float64:
		return nil
	case string:
		*nodes += len(v) >> 8
		return nil
	case []byte:
		*nodes += len(v) >> 8
		return nil
	case []any:
		for _, item := range v {
			if err := b.walk(item, nodes, depth+1); err != nil {
				return err
			}
		}
		return nil
	}
	if m := asMap(value); m != nil {
		for _, item := range m {
			if err := b.walk(item, nodes, depth+1); err != nil {
				return err
			}
		}
		return nil
	}
	return b.walkReflect(reflect.ValueOf(value), nodes, depth)
}

// walkReflect walks values of other types than YAML has, which some functions make.
func (b *budget) walkReflect(v reflect.Value, nodes *int, depth int) error {
	switch v.Kind() {
	case reflect.Slice, reflect.Array:
		if k := v.Type().Elem().Kind(); k != reflect.Interface && k != reflect.Map && k != reflect.Slice && k != reflect.Pointer {
			*nodes += v.Len()
			return nil
		}
		for i := range v.Len() {
			if err := b.walk(v.Index(i).Interface(), nodes, depth+1); err != nil {
				return err
			}
		}
	case reflect.Map:
		for it := v.MapRange(); it.Next(); {
			if err := b.walk(it.Value().Interface(), nodes, depth+1); err != nil {
				return err
			}
		}
	case reflect.Pointer:
		if !v.IsNil() && v.Elem().Kind() == reflect.Map {
			return b.walk(v.Elem().Interface(), nodes, depth+1)
		}
	}
	return nil
}
