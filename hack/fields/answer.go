package main

import (
	_ "embed" // for the template
	"fmt"

	"github.com/progress-sync/progress-sync/sidecar/progress"
)

//go:embed answer.go.tmpl
var answerTemplate string

// answered is a field of a record in an answer.
type answered struct {
	Name   string // in JSON
	Member string // of progress.Record
	Given  string // the condition on the member under which it is written, empty for always
	Append string // the expression that writes the member's value
}

// answer is the whole file that writes records into answers.
func answer(_ string, fields []progress.Field) (string, error) {
	var all []answered
	for _, f := range fields {
		if f.Hidden {
			continue
		}
		a := answered{Name: f.Name}
		write := func(format, member, given string) {
			a.Member, a.Append = member, fmt.Sprintf(format, "r."+member)
			if f.IsOptional() {
				a.Given = given
			}
		}
		switch f.Type {
		case progress.TypeText:
			write("appendString(b, %s)", member(f.Text), ` != ""`)
		case progress.TypeMicroseconds:
			write("appendFloat(b, float64(%s)/1e6)", member(f.Integer), "")
		case progress.TypeCount:
			write("strconv.AppendInt(b, %s, 10)", member(f.Integer), "")
		case progress.TypeGeneration:
			write("strconv.AppendInt(b, int64(%s), 10)", member(f.Instant), "")
		case progress.TypeFlag:
			write("strconv.AppendBool(b, %s)", member(f.Flag), "")
		case progress.TypeTime:
			write("appendTime(b, %s.Time())", member(f.Instant), " != 0")
		case progress.TypeSegments:
			write("appendSegments(b, %s, r.Duration)", member(f.Segments), `.Bits != ""`)
		default:
			write("appendFloat(b, %s)", member(f.Number), " > 0")
		}
		all = append(all, a)
	}
	return source(answerTemplate, all)
}
