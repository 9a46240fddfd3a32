package xapi

import (
	"github.com/progress-sync/progress-sync/sidecar/ingest/standards"
)

// kind is what a statement is about.
type kind int

const (
	kindActivity kind = iota
	kindStatement
	kindOther // an agent, a group or a statement in the statement
)

// target is the object of a statement.
type target struct {
	kind
	activity
}

// activity is what a learner does something with.
type activity struct {
	id, kind string
	isPart   bool // H5P says that it is a part of other content
}

const subContent = "http://h5p.org/x-api/h5p-subContentId"

// readTarget reads the object of a statement, or of one that is itself an object.
func readTarget(o standards.Object, path string, nested bool) (target, *standards.Mistake) {
	f := fields{object: o, path: path}
	kind := f.text("objectType", nil)
	if f.mistake != nil {
		return target{}, f.mistake
	}
	if _, is := o["objectType"]; !is || kind == "Activity" {
		a, mistake := readActivity(o, path)
		return target{kindActivity, a}, mistake
	}
	switch kind {
	case "Agent", "Group":
		_, mistake := readActor(o, path)
		return target{kind: kindOther}, mistake
	case "StatementRef":
		f.only([]string{"objectType", "id"})
		f.require("id")
		f.text("id", isUUID)
		return target{kind: kindStatement}, f.mistake
	case "SubStatement":
		if nested {
			return target{}, standards.Wrong(path, "must not be a SubStatement in a SubStatement")
		}
		_, mistake := readAny(o, path, append(subStatementKeys(), "objectType"))
		return target{kind: kindOther}, mistake
	}
	return target{}, standards.Wrong(f.at("objectType"), "must be Activity, Agent, Group, StatementRef or SubStatement")
}

func readActivity(o standards.Object, path string) (activity, *standards.Mistake) {
	f := fields{object: o, path: path}
	f.only([]string{"objectType", "id", "definition"})
	f.require("id")
	if kind, is := o["objectType"]; is && kind != "Activity" {
		f.fail("objectType", "must be Activity")
	}
	a := activity{id: f.text("id", isIRI)}
	if definition, is := f.member("definition"); is {
		g := fields{object: definition, path: f.at("definition")}
		g.only([]string{
			"name", "description", "type", "moreInfo", "extensions", "interactionType", "correctResponsesPattern",
			"choices", "scale", "source", "target", "steps",
		})
		g.languages("name")
		g.languages("description")
		a.kind = g.text("type", isIRI)
		g.text("moreInfo", isIRI)
		_, a.isPart = g.extensions()[subContent]
		f.note(g.mistake)
	}
	return a, f.mistake
}
