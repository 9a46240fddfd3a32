package xapi

import "github.com/progress-sync/progress-sync/sidecar/ingest/standards"

const (
	verbVoided = "http://adlnet.gov/expapi/verbs/voided"

	categoryCmi5 = "https://w3id.org/xapi/cmi5/context/categories/cmi5"
)

// meaning is what a verb says of progress.
type meaning int

const (
	means      meaning = iota + 1 // that the learner is in the lesson
	meansPause                    // and stopped
	meansSeek                     // and went to another place
	meansEnd                      // and leaves
	meansWhole                    // and has completed it
	meansWaive                    // that someone else calls it completed
	meansLost                     // that the lesson's session ended without a word
)

// meanings are those of the verbs that are kept. Others are accepted.
func meaningOf(verb string) meaning {
	const (
		adl   = "http://adlnet.gov/expapi/verbs/"
		video = "https://w3id.org/xapi/video/verbs/"
		cmi5  = "https://w3id.org/xapi/adl/verbs/"
	)
	switch verb {
	case adl + "initialized", adl + "attempted", adl + "interacted", adl + "progressed", adl + "passed", adl + "failed", video + "played":
		return means
	case video + "paused":
		return meansPause
	case video + "seeked":
		return meansSeek
	case adl + "terminated":
		return meansEnd
	case adl + "completed":
		return meansWhole
	case cmi5 + "waived":
		return meansWaive
	case cmi5 + "abandoned":
		return meansLost
	}
	return 0
}

// outcome is what becomes of a statement.
func (s *statement) outcome() standards.Outcome {
	switch {
	case s.verb == verbVoided:
		return standards.OutcomeVoiding
	case meaningOf(s.verb) == 0, s.target.kind != kindActivity, s.target.isPart:
		return standards.OutcomeIgnored
	}
	return standards.OutcomeUpdate
}
