package ingest

// Reason is why updates were refused, for counting.
type Reason string

const (
	ReasonInvalid    Reason = "invalid"      // a field is wrong
	ReasonMalformed  Reason = "malformed"    // not JSON
	ReasonTooLarge   Reason = "too_large"    // too many bytes or items
	ReasonMediaType  Reason = "media_type"   // neither JSON nor NDJSON
	ReasonFull       Reason = "full"         // the pending cap is reached
	ReasonOverloaded Reason = "overloaded"   // too many concurrent requests
	ReasonNoSpace    Reason = "no_space"     // the spool's disk is full
	ReasonDisk       Reason = "disk_failed"  // the spool's disk failed
	ReasonStopping   Reason = "stopping"     // the sidecar is shutting down
	ReasonErased     Reason = "erased"       // the learner was erased after it happened
	ReasonHost       Reason = "host"         // a Host header that is not loopback
	ReasonOrigin     Reason = "cross_origin" // a browser's page of another origin
	ReasonUserHeader Reason = "user_header"  // no learner in the user header, or more than one
	ReasonOtherUser  Reason = "other_user"   // not the learner in the user header
	ReasonCanceled   Reason = "canceled"     // the client went away
	ReasonInDoubt    Reason = "in_doubt"     // the learner's home did not answer, and may have it
)

// Reasons lists all of them.
func Reasons() []Reason {
	return []Reason{
		ReasonInvalid, ReasonMalformed, ReasonTooLarge, ReasonMediaType, ReasonFull, ReasonOverloaded,
		ReasonNoSpace, ReasonDisk, ReasonStopping, ReasonErased, ReasonHost, ReasonOrigin,
		ReasonUserHeader, ReasonOtherUser, ReasonCanceled, ReasonInDoubt,
	}
}
