package main

import (
	"cmp"
	_ "embed" // for the template
	"fmt"
	"slices"

	"github.com/progress-sync/progress-sync/sidecar/progress"
)

//go:embed codec.go.tmpl
var codecTemplate string

// part is a field that the codec writes only where it is not zero.
type part struct {
	Member string // of progress.Record
	Stamp  string // member of its stamp, empty for none
	Bit    int    // in the set of parts
	Form   string // how it is written: text, float, varint, near, instant, bit or segments
}

// There is the condition under which the part is written.
func (p part) There() string {
	var zero string
	switch p.Form {
	case "text":
		zero = fmt.Sprintf(`r.%s != ""`, p.Member)
	case "float":
		zero = fmt.Sprintf("math.Float64bits(r.%s) != 0", p.Member)
	case "bit":
		return "r." + p.Member
	case "segments":
		zero = fmt.Sprintf(`r.%s.Bits != ""`, p.Member)
	default:
		zero = fmt.Sprintf("r.%s != 0", p.Member)
	}
	if p.Stamp != "" {
		zero += fmt.Sprintf(" || r.%s != none", p.Stamp)
	}
	return zero
}

// codec is the whole file of the spool's codec of records.
func codec(_ string, fields []progress.Field) (string, error) {
	parts, err := parts(fields)
	if err != nil {
		return "", err
	}
	return source(codecTemplate, parts)
}

// parts are in the order of their numbers, in which they are written.
func parts(fields []progress.Field) ([]part, error) {
	var parts []part
	for _, f := range fields {
		if f.Part == 0 {
			continue
		}
		p := part{Bit: f.Part - 1}
		switch f.Type {
		case progress.TypeText:
			p.Form, p.Member = "text", member(f.Text)
		case progress.TypeSeconds, progress.TypePercent, progress.TypeFactor:
			p.Form, p.Member = "float", member(f.Number)
		case progress.TypeMicroseconds, progress.TypeCount:
			p.Form, p.Member = "varint", member(f.Integer)
		case progress.TypeFlag:
			p.Form, p.Member = "bit", member(f.Flag)
		case progress.TypeTime:
			p.Form, p.Member = "near", member(f.Instant)
		case progress.TypeGeneration:
			p.Form, p.Member = "instant", member(f.Instant)
		case progress.TypeSegments:
			p.Form, p.Member = "segments", member(f.Segments)
		case progress.TypeStep:
			return nil, fmt.Errorf("%s goes with its segments, and has a number of its own", f.Name)
		}
		if f.Stamp != nil {
			p.Stamp = member(f.Stamp)
		}
		if slices.ContainsFunc(parts, func(other part) bool { return other.Bit == p.Bit }) {
			return nil, fmt.Errorf("%s has the number %d in the spool, which another field has", f.Name, f.Part)
		}
		parts = append(parts, p)
	}
	slices.SortFunc(parts, func(a, b part) int { return cmp.Compare(a.Bit, b.Bit) })
	return parts, nil
}
