package postgres

import (
	"regexp"
	"testing"
)

// statement is one that a message tells to run.
var statement = regexp.MustCompile(`(?:CREATE|ALTER|GRANT|DROP) [A-Z][^;]*`)

// statementsIn takes the statements out of a message, as a reader would.
func statementsIn(tb testing.TB, message string) []string {
	tb.Helper()
	found := statement.FindAllString(message, -1)
	if len(found) == 0 {
		tb.Fatalf("there is no statement in: %s", message)
	}
	return found
}
