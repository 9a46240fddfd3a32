package main

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"

	"github.com/progress-sync/progress-sync/sidecar/progress"
)

// property is a property of a schema in the description of the API.
type property struct {
	name     string
	required bool
	rules    []rule
}

// rule is a member of a property's schema.
type rule struct {
	keyword string
	value   any
}

// description brings the schemas of updates and records up to date, in the text
// of the document, whose other lines stay as they are. Of a schema, what is not of
// the table stays too, behind what is.
func description(current string, fields []progress.Field) (string, error) {
	inputs := progress.Inputs(fields)
	completion := slices.DeleteFunc(slices.Clone(inputs), func(i progress.Input) bool {
		return i.Type != progress.TypeText && i.Type != progress.TypeTime
	})
	for _, schema := range []struct {
		name       string
		properties []property
		required   bool // whether its list of required ones is of the table
	}{
		{"Update", reported(inputs), false},
		{"Completion", reported(completion), false},
		{"Record", known(fields), true},
		{"AcceptedRecord", known(fields), true},
		{"KnownRecord", known(fields), true},
	} {
		var err error
		if current, err = bringUpToDate(current, schema.name, schema.properties, schema.required); err != nil {
			return "", fmt.Errorf("schema %s: %w", schema.name, err)
		}
	}
	return current, nil
}

// reported are the fields of an update.
func reported(inputs []progress.Input) []property {
	var all []property
	for _, i := range inputs {
		p := property{name: i.Name}
		say := func(keyword string, value any) { p.rules = append(p.rules, rule{keyword, value}) }
		switch i.Type {
		case progress.TypeText:
			if i.Required {
				say("type", "string")
				say("minLength", 1)
			} else {
				say("type", []string{"string", "null"})
			}
			say("maxLength", progress.MaxText)
		case progress.TypeTime:
			say("type", []string{"string", "integer", "null"})
		case progress.TypeFlag:
			say("type", []string{"boolean", "null"})
		case progress.TypeSegments:
			say("type", []string{"array", "null"})
			say("maxItems", progress.MaxToldSegments)
			say("items", pairOf(progress.MaxSegmentSeconds))
		default:
			kind := "number"
			if i.Type == progress.TypeCount {
				kind = "integer"
			}
			say("type", []string{kind, "null"})
			if i.Range.Positive {
				say("exclusiveMinimum", 0)
			} else {
				say("minimum", 0)
			}
			say("maximum", int64(i.Range.Most))
		}
		if i.Doc != "" {
			say("description", i.Doc)
		}
		all = append(all, p)
	}
	return all
}

// pairOf describes a segment, which is no longer than so many seconds.
func pairOf(most int) schema {
	return schema{fmt.Sprintf(`{"type": "array", "minItems": 2, "maxItems": 2, "items": {"type": "number", "minimum": 0, "maximum": %d}}`, most)}
}

// schema is a value that is written as it is.
type schema struct{ text string }

// known are the fields of a record.
func known(fields []progress.Field) []property {
	var all []property
	for _, f := range fields {
		if f.Hidden {
			continue
		}
		p := property{name: f.Name, required: !f.IsOptional()}
		say := func(keyword string, value any) { p.rules = append(p.rules, rule{keyword, value}) }
		switch f.Type {
		case progress.TypeText:
			say("type", "string")
			say("minLength", 1)
			say("maxLength", progress.MaxText)
		case progress.TypeSeconds, progress.TypeMicroseconds:
			say("type", "number")
			say("minimum", 0)
		case progress.TypePercent:
			say("type", "number")
			say("minimum", 0)
			say("maximum", 100)
		case progress.TypeFactor:
			say("type", "number")
			say("exclusiveMinimum", 0)
		case progress.TypeCount, progress.TypeGeneration:
			say("type", "integer")
			say("minimum", 0)
		case progress.TypeFlag:
			say("type", "boolean")
		case progress.TypeTime:
			say("type", "string")
			say("format", "date-time")
		case progress.TypeSegments:
			say("type", "array")
			say("maxItems", progress.MaxSegments)
			say("items", pairOf(progress.MaxSegmentBits*progress.MaxSegmentStep))
		case progress.TypeStep: // hidden
		}
		if f.Doc != "" {
			say("description", f.Doc)
		}
		all = append(all, p)
	}
	return all
}

// bringUpToDate replaces the properties of one schema.
func bringUpToDate(text, schema string, properties []property, required bool) (string, error) {
	before, rest, found := strings.Cut(text, "\n      "+quote(schema)+": {\n")
	if !found {
		return "", fmt.Errorf("it is not there")
	}
	body, after, _ := strings.Cut(rest, "\n      }")
	var err error
	if required {
		names := []string{}
		for _, p := range properties {
			if p.required {
				names = append(names, indent+quote(p.name))
			}
		}
		others := func(line string) bool { return line == indent+`"saved"` || line == indent+`"pendingUpdates"` }
		if body, err = replace(body, "        \"required\": [\n", "\n        ]", names, others); err != nil {
			return "", err
		}
	}
	lines := []string{}
	for _, p := range properties {
		lines = append(lines, p.text())
	}
	others := func(entry string) bool {
		return !slices.ContainsFunc(properties, func(p property) bool { return strings.HasPrefix(entry, indent+quote(p.name)+":") })
	}
	if body, err = replace(body, "        \"properties\": {\n", "\n        }", lines, others); err != nil {
		return "", err
	}
	return before + "\n      " + quote(schema) + ": {\n" + body + "\n      }" + after, nil
}

// indent is that of an entry in the lists of a schema.
const indent = "          "

// replace puts other entries between two lines, and behind them those that are to
// stay.
func replace(text, begin, end string, entries []string, stays func(entry string) bool) (string, error) {
	before, rest, found := strings.Cut(text, begin)
	list, after, ended := strings.Cut(rest, end)
	if !found || !ended {
		return "", fmt.Errorf("it has no list after %s", strings.TrimSpace(begin))
	}
	// An entry begins at the indent itself; its other lines are further in, and its
	// last is a bracket.
	for entry := range strings.SplitSeq(list, ",\n"+indent+`"`) {
		if !strings.HasPrefix(entry, indent) {
			entry = indent + `"` + entry
		}
		if stays(entry) {
			entries = append(entries, entry)
		}
	}
	return before + begin + strings.Join(entries, ",\n") + end + after, nil
}

// text is the property on one line, or on several if that is too long.
func (p property) text() string {
	const longest = 162
	rules := make([]string, 0, len(p.rules))
	for _, r := range p.rules {
		rules = append(rules, quote(r.keyword)+": "+spaced(r.value))
	}
	line := indent + quote(p.name) + ": {" + strings.Join(rules, ", ") + "}"
	if len(line) < longest {
		return line
	}
	return indent + quote(p.name) + ": {\n" + indent + "  " + strings.Join(rules, ",\n"+indent+"  ") + "\n" + indent + "}"
}

func quote(s string) string { return spaced(s) }

// spaced is a value as JSON, with spaces after the commas of a list.
func spaced(value any) string {
	if list, is := value.([]string); is {
		quoted := make([]string, 0, len(list))
		for _, s := range list {
			quoted = append(quoted, quote(s))
		}
		return "[" + strings.Join(quoted, ", ") + "]"
	}
	if s, is := value.(schema); is {
		return s.text
	}
	var b strings.Builder
	encoder := json.NewEncoder(&b)
	encoder.SetEscapeHTML(false)
	if err := encoder.Encode(value); err != nil {
		panic(err) // a string or a number is always JSON
	}
	return strings.TrimSpace(b.String())
}
