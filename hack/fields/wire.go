package main

import (
	_ "embed" // for the template
	"fmt"
	"reflect"

	"github.com/progress-sync/progress-sync/sidecar/progress"
)

//go:embed wire.go.tmpl
var wireTemplate string

// carried is a member of progress.Update as a hop between two sidecars carries it.
type carried struct {
	Member   string
	Form     string // how it is written: number, varint, bit or instant
	Bit      int    // in the set of parts
	Required bool   // of a text
}

// wire is the whole file of the codec of updates on their way to another sidecar.
func wire(_ string, fields []progress.Field) (string, error) {
	var texts, parts []carried
	add := func(member, form string) {
		parts = append(parts, carried{Member: member, Form: form, Bit: len(parts)})
	}
	for _, i := range progress.Inputs(fields) {
		if i.Hint {
			continue // wire.AppendHints writes those
		}
		switch i.Type {
		case progress.TypeText:
			texts = append(texts, carried{Member: inputMember(i.Text), Required: i.Required})
		case progress.TypeSeconds, progress.TypePercent, progress.TypeFactor:
			add(inputMember(i.Number), "number")
		case progress.TypeCount:
			add(inputMember(i.Integer), "varint")
		case progress.TypeFlag:
			add(inputMember(i.Flag), "bit")
		case progress.TypeTime:
			add(inputMember(i.Instant), "instant")
		case progress.TypeSegments: // wire.AppendSegments writes those
		case progress.TypeMicroseconds, progress.TypeGeneration, progress.TypeStep:
			return "", fmt.Errorf("input %s has a type that an update can't have", i.Name)
		}
	}
	// The sidecar sets this one itself, so that it is no input.
	add(inputMember(func(u *progress.Update) *progress.Instant { return &u.ReportedAt }), "instant")
	return source(wireTemplate, struct{ Texts, Parts []carried }{texts, parts})
}

// inputMember is the name of the member of an update that an entry of the table points to.
func inputMember[T any](of func(*progress.Update) *T) string {
	u := new(progress.Update)
	return memberAt(reflect.ValueOf(u).Elem(), reflect.ValueOf(of(u)))
}
