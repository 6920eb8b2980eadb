package store

import (
	"math/big"
	"reflect"
	"time"

	"github.com/shopspring/decimal"
)

// flat says whether values of a type are copied whole by assignment, or never changed by whom they
// are given to: texts, moments, decimals.
func flat(t reflect.Type) bool {
	switch t {
	case reflect.TypeFor[time.Time](), reflect.TypeFor[decimal.Decimal](), reflect.TypeFor[*decimal.Decimal](), reflect.TypeFor[big.Int]():
		return true
	}
	switch t.Kind() {
	case reflect.Slice, reflect.Map, reflect.Interface, reflect.Pointer, reflect.Func, reflect.Chan, reflect.UnsafePointer:
		return false
	case reflect.Array:
		return flat(t.Elem())
	case reflect.Struct:
		for f := range t.Fields() {
			if !flat(f.Type) {
				return false
			}
		}
	}
	return true
}

// copied are rows that whoever gets them may change.
func copied(v reflect.Value) reflect.Value {
	if v.IsNil() {
		return v
	}
	out := reflect.MakeSlice(v.Type(), v.Len(), v.Len())
	reflect.Copy(out, v)
	if !flat(v.Type().Elem()) {
		for i := range out.Len() {
			parted(out.Index(i))
		}
	}
	return out
}

// parted gives a value that was copied by assignment slices of its own, and what it points to.
func parted(v reflect.Value) {
	switch v.Kind() {
	case reflect.Pointer:
		if !v.IsNil() {
			own := reflect.New(v.Type().Elem())
			own.Elem().Set(v.Elem())
			v.Set(own)
		}
	case reflect.Slice:
		v.Set(copied(v))
	case reflect.Struct:
		for _, f := range v.Fields() {
			if f.CanSet() && !flat(f.Type()) {
				parted(f)
			}
		}
	}
}

// copyable says whether rows of a type can be given to several without one seeing what another
// does to them.
func copyable(t reflect.Type) bool {
	switch {
	case flat(t):
		return true
	case t.Kind() == reflect.Slice:
		return copyable(t.Elem())
	case t.Kind() == reflect.Pointer:
		return flat(t.Elem())
	case t.Kind() == reflect.Struct:
		for f := range t.Fields() {
			if !flat(f.Type) && (!f.IsExported() || !copyable(f.Type)) {
				return false
			}
		}
		return true
	}
	return false
}

// sizeOf is about what copyable rows take in memory.
func sizeOf(v reflect.Value) int {
	t := v.Type()
	n := int(t.Size())
	switch t.Kind() {
	case reflect.String:
		n += v.Len()
	case reflect.Pointer:
		if flat(t) || v.IsNil() {
			return n
		}
		n += sizeOf(v.Elem())
	case reflect.Slice:
		if flat(t.Elem()) && !hasText(t.Elem()) {
			return n + v.Len()*int(t.Elem().Size())
		}
		for i := range v.Len() {
			n += sizeOf(v.Index(i))
		}
	case reflect.Struct:
		for f, x := range v.Fields() {
			if hasText(f.Type) {
				n += sizeOf(x) - int(f.Type.Size())
			}
		}
	}
	return n
}

// hasText says whether values of a type hold on to texts or to further rows.
func hasText(t reflect.Type) bool {
	switch t.Kind() {
	case reflect.String, reflect.Slice, reflect.Pointer:
		return true
	case reflect.Struct:
		for f := range t.Fields() {
			if hasText(f.Type) {
				return true
			}
		}
	}
	return false
}
