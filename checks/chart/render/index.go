package render

import (
	"fmt"
	"reflect"
)

// index is the template package's, which takes a field or an item out of a value.
func (t *tracer) index(in reflect.Value, names ...reflect.Value) (reflect.Value, error) {
	in = bare(in)
	if !in.IsValid() {
		return reflect.Value{}, fmt.Errorf("index of untyped nil")
	}
	for _, name := range names {
		name = bare(name)
		for in.Kind() == reflect.Pointer || in.Kind() == reflect.Interface {
			if in.IsNil() {
				return reflect.Value{}, fmt.Errorf("index of nil pointer")
			}
			in = in.Elem()
		}
		switch in.Kind() {
		case reflect.Slice, reflect.Array, reflect.String:
			var i int64
			switch {
			case name.IsValid() && name.CanInt():
				i = name.Int()
			case name.IsValid() && name.CanUint():
				i = int64(min(name.Uint(), 1<<40))
			case !name.IsValid():
				return reflect.Value{}, fmt.Errorf("cannot index slice/array with nil")
			default:
				return reflect.Value{}, fmt.Errorf("cannot index slice/array with type %s", name.Type())
			}
			if i < 0 || i >= int64(in.Len()) {
				return reflect.Value{}, fmt.Errorf("index out of range: %d", i)
			}
			in = in.Index(int(i))
		case reflect.Map:
			at, err := mapKey(name, in.Type().Key())
			if err != nil {
				return reflect.Value{}, err
			}
			if found := in.MapIndex(at); found.IsValid() {
				in = found
			} else {
				in = reflect.Zero(in.Type().Elem())
			}
		case reflect.Invalid:
			return reflect.Value{}, fmt.Errorf("index of nil pointer")
		default:
			return reflect.Value{}, fmt.Errorf("can't index item of type %s", in.Type())
		}
		in = bare(in)
		if !in.IsValid() { // nil, which the template package passes on as a nil value
			in = reflect.Zero(reflect.TypeFor[any]())
		}
	}
	return in, nil
}

// bare is the value in an interface, without marks if it is a text.
func bare(v reflect.Value) reflect.Value {
	if v.Kind() == reflect.Interface {
		if v.IsNil() {
			return reflect.Value{}
		}
		v = v.Elem()
	}
	return v
}

func mapKey(name reflect.Value, typ reflect.Type) (reflect.Value, error) {
	switch {
	case !name.IsValid():
		return name, fmt.Errorf("value is nil; should be of type %s", typ)
	case name.Kind() == reflect.String && typ.Kind() == reflect.String:
		return reflect.ValueOf(strip(name.String())).Convert(typ), nil
	case name.Type().AssignableTo(typ):
		return name, nil
	}
	return name, fmt.Errorf("value has type %s; should be %s", name.Type(), typ)
}
