package directory

import (
	"reflect"
	"time"
)

// scalars checks, in a file that may not have been read from text, what reading checks: that each
// value has a text, and that the text gives the value again.
func (c *checker) scalars(v reflect.Value, plan *numbers) {
	switch {
	case v.Type() == reflect.TypeFor[Reasons]():
	case isScalar(v.Type()):
		if !v.IsZero() {
			c.scalar(v, plan)
		}
	case v.Kind() == reflect.Slice:
		for i := range v.Len() {
			if e := v.Index(i); e.IsZero() && isScalar(e.Type()) && !zeroIsMeant(e.Type()) {
				c.add(0, 0, "a list has an empty entry; take it out")
			}
			c.scalars(v.Index(i), plan)
		}
	case v.Kind() == reflect.Struct:
		for i := range v.NumField() {
			c.scalars(v.Field(i), plan)
		}
	}
}

// zeroIsMeant says whether the zero value of a type is one that an entry of a list can have.
func zeroIsMeant(t reflect.Type) bool {
	return t == reflect.TypeFor[time.Duration]() || t == reflect.TypeFor[Role]()
}

func (c *checker) scalar(v reflect.Value, plan *numbers) {
	text, err := textOf(v)
	again := reflect.New(v.Type()).Elem()
	var d decoder
	if err == nil {
		err = checkText(text)
	}
	if err == nil {
		err = d.setScalar(position{}, again, text)
	}
	for _, l := range d.later {
		err = l.set(plan, text)
	}
	switch {
	case err != nil:
		c.add(0, 0, err.Error())
	case again.Interface() != v.Interface():
		c.add(0, 0, mistakef("%q is not in its usual form; write %v", text, again.Interface()).Error())
	}
}
