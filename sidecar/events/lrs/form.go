package lrs

import (
	"cmp"
	"strings"

	"github.com/progress-sync/progress-sync/sidecar/config"
	"github.com/progress-sync/progress-sync/sidecar/iri"
)

// form is how learners, lessons and courses are named.
type form struct{ homePage, lessonID, courseID string }

func formOf(x config.XAPI) form {
	base := strings.TrimSuffix(x.HomePage, "/") + "/courses/" + config.CoursePlace
	return form{
		homePage: x.HomePage,
		lessonID: cmp.Or(x.ActivityID, base+"/lessons/"+config.LessonPlace),
		courseID: cmp.Or(x.CourseActivityID, base),
	}
}

// lesson is the IRI of an event's lesson. One that is an IRI already stays as it is.
func (f form) lesson(d data) string { return fill(f.lessonID, d.LessonID, d) }

func (f form) course(d data) string { return fill(f.courseID, d.CourseID, d) }

func fill(template, id string, d data) string {
	if isWeb(id) {
		return id
	}
	return strings.NewReplacer(config.CoursePlace, escape(d.CourseID), config.LessonPlace, escape(d.LessonID)).Replace(template)
}

// isWeb reports whether an id is the IRI of an activity, as statements of other tools
// have it.
func isWeb(id string) bool {
	for _, scheme := range []string{"https://", "http://", "urn:"} {
		if strings.HasPrefix(id, scheme) && iri.Is(id) {
			return true
		}
	}
	return false
}

// escape keeps what a segment of a path may have, but for & that means something in a
// query, so that no two ids make one IRI.
func escape(id string) string {
	const kept, hex = "-._~!$'()*+,;=:@", "0123456789ABCDEF"
	var b strings.Builder
	for i := range len(id) {
		c := id[i]
		if c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c >= '0' && c <= '9' || strings.IndexByte(kept, c) >= 0 {
			b.WriteByte(c)
			continue
		}
		b.Write([]byte{'%', hex[c>>4], hex[c&15]})
	}
	return b.String()
}
