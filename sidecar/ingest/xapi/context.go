package xapi

import (
	"math"
	"strings"

	"github.com/progress-sync/progress-sync/sidecar/ingest/iso8601"
	"github.com/progress-sync/progress-sync/sidecar/ingest/standards"
)

// result is what came of it.
type result struct {
	extensions        standards.Object
	completion, given bool // given says that there is a completion
	seconds           float64
	timed             bool // seconds are given, and of a fixed length
}

func readResult(o standards.Object, path string) (r result, mistake *standards.Mistake) {
	f := fields{object: o, path: path}
	f.only([]string{"score", "success", "completion", "response", "duration", "extensions"})
	f.flag("success")
	f.text("response", nil)
	r.completion, r.given = f.flag("completion")
	r.extensions = f.extensions()
	if text := f.text("duration", isDuration); text != "" {
		r.seconds, r.timed, _ = iso8601.Duration(text)
	} else if _, is := o["duration"]; is {
		f.fail("duration", "must not be empty")
	}
	if score, is := f.member("score"); is {
		g := fields{object: score, path: f.at("score")}
		g.only([]string{"scaled", "raw", "min", "max"})
		g.number("scaled", -1, 1)
		least, most := -math.MaxFloat64, math.MaxFloat64
		if n, is := g.number("min", least, most); is {
			least = n
		}
		if n, is := g.number("max", least, most); is {
			most = n
		}
		g.number("raw", least, most)
		f.note(g.mistake)
	}
	return r, f.mistake
}

// context is where it happened.
type context struct {
	extensions              standards.Object
	parent, grouping, sorts []activity
	parents, groups         string // the paths of the lists
}

func readContext(o standards.Object, path string, ofActivity bool) (c context, mistake *standards.Mistake) {
	f := fields{object: o, path: path}
	f.only([]string{
		"registration", "instructor", "team", "contextActivities", "contextAgents", "contextGroups", "revision", "platform",
		"language", "statement", "extensions",
	})
	f.text("registration", isUUID)
	for _, name := range []string{"revision", "platform"} {
		f.text(name, nil)
		if _, is := o[name]; is && !ofActivity {
			f.fail(name, "may be there only if the object is an activity")
		}
	}
	f.text("language", func(s string) string {
		if language.MatchString(s) {
			return ""
		}
		return "must be a language tag"
	})
	for _, name := range []string{"instructor", "team"} {
		if who, is := f.member(name); is {
			a, mistake := readActor(who, f.at(name))
			f.note(mistake)
			if name == "team" && !a.group && mistake == nil {
				f.fail(name, "must be a group")
			}
		}
	}
	if reference, is := f.member("statement"); is {
		t, mistake := readTarget(reference, f.at("statement"), true)
		f.note(mistake)
		if mistake == nil && t.kind != kindStatement {
			f.fail("statement", "must be a StatementRef")
		}
	}
	c.extensions = f.extensions()
	if lists, is := f.member("contextActivities"); is {
		g := fields{object: lists, path: f.at("contextActivities")}
		g.only([]string{"parent", "grouping", "category", "other"})
		c.parent, c.parents = g.activities("parent"), g.at("parent")
		c.grouping, c.groups = g.activities("grouping"), g.at("grouping")
		c.sorts = g.activities("category")
		g.activities("other")
		f.note(g.mistake)
	}
	return c, f.mistake
}

// activities reads a list of activities, which may be one without a list around it.
func (f *fields) activities(name string) (all []activity) {
	value, is := f.object[name]
	if !is {
		return nil
	}
	list, is := value.([]any)
	if !is {
		list = []any{value}
	}
	for _, element := range list {
		o, is := element.(standards.Object)
		if !is {
			f.fail(name, "must be an activity or an array of activities")
			return nil
		}
		a, mistake := readActivity(o, f.at(name))
		if mistake != nil {
			f.note(mistake)
			return nil
		}
		all = append(all, a)
	}
	return all
}

// isOf reports whether one of the statement's categories is that one.
func (c *context) isOf(category string) bool {
	for _, a := range c.sorts {
		if a.id == category {
			return true
		}
	}
	return false
}

// isCourse goes by the type of an activity, whose vocabularies end alike.
func (a activity) isCourse() bool {
	return strings.HasSuffix(a.kind, "/course")
}
