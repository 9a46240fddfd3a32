package connstring

import (
	"fmt"
	"slices"
	"strings"
)

// Error says what is wrong with a connection string and what to do. Of the text
// it holds at most the name of a parameter.
type Error struct {
	// Problem is a clause, such as "it names no host".
	Problem string
	// Advice is one sentence or several.
	Advice string
}

func (e *Error) Error() string { return e.Problem + ". " + e.Advice }

func wrong(problem, advice string) error { return &Error{Problem: problem, Advice: advice} }

const (
	adviceForm = "It has to look like postgres://role:password@host:5432/database?sslmode=verify-full." //nolint:gosec // the form, without credentials
	adviceCode = "Write special characters of role and password percent-encoded: %40 for @, %2F for /, %3A for :, %25 for %, " +
		"%3F for ?, %20 for a space."
	adviceBare = "Leave only the URI itself in the Secret, from postgres:// to its end."
)

func notAURI() error { return wrong("it is no URI", adviceForm) }

func notEncoded(where string) error {
	return wrong(where+" has a character that can't stand there", adviceCode)
}

// oneOf refuses a value that is none of the allowed ones.
func oneOf(name, value string, allowed ...string) error {
	if slices.Contains(allowed, value) {
		return nil
	}
	return wrong("parameter "+name+" has a value that is not known", fmt.Sprintf("Use one of %s.", strings.Join(allowed, ", ")))
}
