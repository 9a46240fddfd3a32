package postgres

import (
	"fmt"
	"strings"
)

// weight is what a finding about a mapped table means.
type weight int

const (
	// refuses: no batch could be written, or not what is in it.
	refuses weight = iota
	// lacks: batches are written, something else of the docs would fail.
	lacks
	// notes: it works, and may do what nobody expects.
	notes
)

// finding is one thing about a mapped table, and what to run as its owner.
type finding struct {
	weight weight
	what   string
	run    []string
}

func (f finding) String() string {
	if len(f.run) == 0 {
		return f.what
	}
	return f.what + ": " + strings.Join(f.run, "; ") + ";"
}

// sentence joins findings into one. A semicolon ends a statement, and nothing
// else that is to be run.
func sentence(findings []finding) string {
	var b strings.Builder
	for i, f := range findings {
		text := f.String()
		b.WriteString(text)
		if i == len(findings)-1 {
			break
		}
		if !strings.HasSuffix(text, ";") {
			b.WriteString(";")
		}
		b.WriteString(" ")
	}
	return b.String()
}

// of are the findings whose weight is between the two, both included.
func of(findings []finding, least, most weight) []finding {
	var some []finding
	for _, f := range findings {
		if f.weight >= least && f.weight <= most {
			some = append(some, f)
		}
	}
	return some
}

func unfit(name string, findings []finding) error {
	text := strings.TrimSuffix(sentence(findings), ";") + "."
	if last := findings[len(findings)-1]; len(last.run) > 0 {
		text = sentence(findings)
	}
	return &setupError{failure: Failure{
		Class: SchemaMissing, Kind: KindServer, Retry: Hold,
		Message: fmt.Sprintf("The table %s that database.mapping names can't be used: %s Change the table or the mapping; "+
			"it is looked at again by itself.", name, text),
	}}
}

// incomplete says what would fail beside the writing of batches.
func incomplete(name string, findings []finding) error {
	return &setupError{failure: Failure{
		Class: NoPrivilege, Kind: KindServer, Retry: Hold,
		Message: fmt.Sprintf("Batches can be written to the table %s, but %s", name, sentence(findings)),
	}}
}
