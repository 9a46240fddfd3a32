package ingest

import (
	"maps"
	"net/http"
	"net/url"
	"slices"

	"github.com/progress-sync/progress-sync/sidecar/buffer"
	"github.com/progress-sync/progress-sync/sidecar/ingest/scan"
)

// queryProblem says what is wrong with a request's parameters.
func queryProblem(name, detail string) *problem {
	return &problem{
		status: http.StatusBadRequest, kind: "query", title: "Invalid parameter",
		detail: name + " " + detail,
		errors: []scan.Mistake{{Status: http.StatusBadRequest, Field: name, Detail: name + " " + detail}},
	}
}

// checkQuery refuses parameters that can be read in two ways. One that is given
// twice has two values, and proxies, languages and this sidecar differ in which
// of them counts: a check on one would let the other pass.
func checkQuery(raw string) *problem {
	query, err := url.ParseQuery(raw)
	if err != nil {
		return queryProblem("the query", "is not valid: ids must be percent-encoded")
	}
	for _, name := range slices.Sorted(maps.Keys(query)) {
		if len(query[name]) < 2 {
			continue
		}
		if !isParameter(name) {
			return queryProblem("the query", "has a parameter more than once: give each once, with & in an id as %26")
		}
		return queryProblem(name, "is given more than once: give one value, with & in it as %26")
	}
	return nil
}

// isParameter reports whether the API has a parameter of that name. Other names
// can hold anything and are not repeated in an answer.
func isParameter(name string) bool {
	switch name {
	case "userId", "courseId", "lessonId", "timeout", "cursor", "limit", "sqlState", "id", statementID:
		return true
	}
	return false
}

// filterOf reads the ids in a query; the named ones are required. If there is a
// user, it is whom the request asks for and may name.
func filterOf(r *http.Request, user string, required ...string) (buffer.Filter, *problem) {
	query, err := url.ParseQuery(r.URL.RawQuery)
	if err != nil {
		return buffer.Filter{}, queryProblem("the query", "is not valid: ids must be percent-encoded")
	}
	if user != "" && !query.Has("userId") {
		query.Set("userId", user)
	}
	for _, name := range required {
		if !query.Has(name) {
			return buffer.Filter{}, queryProblem(name, "is missing: add ?"+name+"=… to the address")
		}
	}
	for _, name := range []string{"userId", "courseId", "lessonId"} {
		if !query.Has(name) {
			continue
		}
		if wrong := scan.CheckText([]byte(query.Get(name))); wrong != "" {
			return buffer.Filter{}, queryProblem(name, wrong)
		}
	}
	if user != "" && query.Get("userId") != user {
		return buffer.Filter{}, otherUser()
	}
	return buffer.Filter{
		UserID: query.Get("userId"), CourseID: query.Get("courseId"), LessonID: query.Get("lessonId"),
	}, nil
}
