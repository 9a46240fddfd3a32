package sidecarstatus

import (
	"regexp"

	"github.com/progress-sync/progress-sync/api/v1alpha1"
)

// meaning of an error class for the policy.
type meaning struct {
	reason string
	// blocking: writing stops until somebody mends the cause, though the server
	// answers. Errors of other classes mostly pass by themselves; they are
	// blocking once the sidecar can't reach the database or has parked its records.
	blocking bool
}

// meanings by the class that a sidecar reports. A class that is not here is a
// DatabaseError.
var meanings = map[string]meaning{
	"Unreachable":       {reason: v1alpha1.ReasonDatabaseUnreachable},
	"ShuttingDown":      {reason: v1alpha1.ReasonDatabaseUnreachable},
	"Overloaded":        {reason: v1alpha1.ReasonDatabaseOverloaded},
	"ReadOnly":          {reason: v1alpha1.ReasonDatabaseReadOnly},
	"Refused":           {reason: v1alpha1.ReasonCredentialsRefused, blocking: true},
	"NoDatabase":        {reason: v1alpha1.ReasonDatabaseMissing, blocking: true},
	"SchemaMissing":     {reason: v1alpha1.ReasonSchemaMissing, blocking: true},
	"SchemaTooNew":      {reason: v1alpha1.ReasonSchemaTooNew, blocking: true},
	"NoPrivilege":       {reason: v1alpha1.ReasonNoPrivilege, blocking: true},
	"SecretMissing":     {reason: v1alpha1.ReasonSecretMissing, blocking: true},
	"SecretInvalid":     {reason: v1alpha1.ReasonSecretInvalid, blocking: true},
	"Unsupported":       {reason: v1alpha1.ReasonTableUnusable, blocking: true},
	"TableExhausted":    {reason: v1alpha1.ReasonTableUnusable, blocking: true},
	"TableRefuses":      {reason: v1alpha1.ReasonTableUnusable, blocking: true},
	"BadData":           {reason: v1alpha1.ReasonDataRefused},
	"NotWritten":        {reason: v1alpha1.ReasonDataRefused},
	"StaleSpool":        {reason: v1alpha1.ReasonStaleSpool},
	"RewoundIncomplete": {reason: v1alpha1.ReasonRewoundIncomplete},
}

// classStopping is no error of the database: the sidecar is shutting down.
const classStopping = "Stopping"

func meaningOf(class string) meaning {
	if m, ok := meanings[class]; ok {
		return m
	}
	return meaning{reason: v1alpha1.ReasonDatabaseError}
}

// ofDatabase says whether a reason can be the database's being out of use; the
// others tell of data.
func ofDatabase(reason string) bool {
	switch reason {
	case v1alpha1.ReasonDataRefused, v1alpha1.ReasonStaleSpool, v1alpha1.ReasonRewoundIncomplete:
		return false
	}
	return true
}

var sqlState = regexp.MustCompile(`^[0-9A-Z]{5}$`)

// safeSQLState is the state if it is one, else nothing.
func safeSQLState(s string) string {
	if sqlState.MatchString(s) {
		return s
	}
	return ""
}
