package main

import (
	"go/format"
	"reflect"
	"strings"
	"text/template"

	"github.com/progress-sync/progress-sync/sidecar/progress"
)

// source is a formatted Go file.
func source(text string, data any) (string, error) {
	t, err := template.New("").Parse(text)
	if err != nil {
		return "", err
	}
	var b strings.Builder
	if err := t.Execute(&b, data); err != nil {
		return "", err
	}
	formatted, err := format.Source([]byte(b.String()))
	return string(formatted), err
}

// member is the name of the member of a record that an entry of the table points to.
func member[T any](of func(*progress.Record) *T) string {
	r := new(progress.Record)
	return memberAt(reflect.ValueOf(r).Elem(), reflect.ValueOf(of(r)))
}

// memberAt is the name of the member of a struct that has this address and type.
func memberAt(of, address reflect.Value) string {
	for _, m := range reflect.VisibleFields(of.Type()) {
		if v := of.FieldByIndex(m.Index).Addr(); v.Pointer() == address.Pointer() && v.Type() == address.Type() {
			return m.Name
		}
	}
	return ""
}
