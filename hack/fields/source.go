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
	at := reflect.ValueOf(of(r)).Pointer()
	for _, m := range reflect.VisibleFields(reflect.TypeFor[progress.Record]()) {
		if v := reflect.ValueOf(r).Elem().FieldByIndex(m.Index).Addr(); v.Pointer() == at && v.Type() == reflect.TypeFor[*T]() {
			return m.Name
		}
	}
	return ""
}
