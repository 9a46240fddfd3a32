package config

import (
	"net/url"
	"slices"
	"strings"

	"github.com/progress-sync/progress-sync/sidecar/iri"
)

// XAPI is a learning record store that completions are sent to as statements. What it
// knows the sidecars by is in the mounted Secret.
type XAPI struct {
	// Endpoint is the store's base URL, to which /statements is added.
	Endpoint string `json:"endpoint"`
	// Version of xAPI that is spoken, of XAPIVersions; the first if empty.
	Version string `json:"version,omitempty"`
	// HomePage of the learners' accounts, an IRI.
	HomePage string `json:"homePage"`
	// ActivityID and CourseActivityID are the IRIs of lessons and courses, with LessonPlace
	// and CoursePlace where the ids belong. If empty they are below HomePage.
	ActivityID       string `json:"activityId,omitempty"`
	CourseActivityID string `json:"courseActivityId,omitempty"`
	// Batch is how many statements one request has at most; 1 to 100, 0 is
	// DefaultStatements.
	Batch int `json:"batch,omitempty"`
}

// Where the ids belong in the IRIs of XAPI.
const (
	LessonPlace = "{lessonId}"
	CoursePlace = "{courseId}"
)

// DefaultStatements are those of a request.
const DefaultStatements = 30

// XAPIVersions are what XAPI.Version may be.
func XAPIVersions() []string { return []string{"1.0.3", "2.0.0"} }

// valid says whether an LRS, nil for none, can be used.
func (x *XAPI) valid() bool {
	if x == nil {
		return true
	}
	u, err := url.Parse(x.Endpoint)
	return err == nil && (u.Scheme == "https" || u.Scheme == "http") && u.Host != "" && u.User == nil && u.Fragment == "" && u.RawQuery == "" &&
		!strings.HasSuffix(strings.TrimRight(u.Path, "/"), "/statements") &&
		(x.Version == "" || slices.Contains(XAPIVersions(), x.Version)) &&
		iri.Is(x.HomePage) && isTemplate(x.ActivityID, LessonPlace) && isTemplate(x.CourseActivityID, CoursePlace) &&
		x.Batch >= 0 && x.Batch <= maxBatch
}

// isTemplate reports whether text is an IRI with a place for an id, or empty.
func isTemplate(text, place string) bool {
	return text == "" || strings.Contains(text, place) && iri.Is(strings.NewReplacer(LessonPlace, "x", CoursePlace, "x").Replace(text))
}
