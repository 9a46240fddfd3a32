package standards

import (
	"strings"

	"github.com/google/uuid"

	"github.com/progress-sync/progress-sync/sidecar/ingest/scan"
)

// IsUUID reports whether text is a UUID in its standard form.
func IsUUID(text string) bool {
	const length = 36
	_, err := uuid.Parse(text)
	return err == nil && len(text) == length
}

// Cut is an IRI without the longest of the prefixes that it begins with. One that is
// nothing else stays as it is.
func (a *Ask) Cut(iri string) string {
	longest := 0
	for _, p := range a.Prefixes {
		if len(p) > longest && len(p) < len(iri) && strings.HasPrefix(iri, p) {
			longest = len(p)
		}
	}
	return iri[longest:]
}

// Name is what an IRI names a learner, a course or a lesson, and a mistake of the field
// if that can't be an id.
func (a *Ask) Name(iri, field string) (string, *Mistake) {
	name := a.Cut(iri)
	if wrong := scan.CheckText([]byte(name)); wrong != "" {
		return "", Wrong(field, wrong+", without the prefixes of ingest.iriPrefixes")
	}
	return name, nil
}

// Learner is whose the event of a learner with that name is.
func (a *Ask) Learner(name, field string) (string, *Mistake) {
	if a.User != "" && name != a.User {
		return "", Foreign(field)
	}
	return name, nil
}

// IDOf is an id for an event that has none. Where the event has a time, it is made of
// the learner and the content, so that the same event sent again has it too; without one,
// two that look alike may be two, and each gets a new one.
func (a *Ask) IDOf(learner string, raw []byte, timed bool) string {
	if !timed {
		return a.NewID()
	}
	return uuid.NewSHA1(uuid.NameSpaceURL, append([]byte(learner+"\x00"), raw...)).String()
}
