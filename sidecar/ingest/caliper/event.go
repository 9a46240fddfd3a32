package caliper

import (
	"strings"

	"github.com/progress-sync/progress-sync/sidecar/ingest/iso8601"
	"github.com/progress-sync/progress-sync/sidecar/ingest/standards"
	"github.com/progress-sync/progress-sync/sidecar/iri"
	"github.com/progress-sync/progress-sync/sidecar/progress"
)

const mediaEvent = "MediaEvent"

// decode reads one element of the data. What is no event about media is accepted, and
// so is a description of an entity, which has no action.
func decode(raw []byte, ask *standards.Ask) (event standards.Event, mistake *standards.Mistake) {
	o, mistake := standards.Parse(raw)
	if mistake != nil {
		return event, mistake
	}
	kind, is := o["type"].(string)
	if !is || kind == "" {
		return event, standards.Wrong("type", "is missing: it names an event or an entity")
	}
	event.Outcome = standards.OutcomeIgnored
	if _, acts := o["action"]; !acts {
		if strings.HasSuffix(kind, "Event") {
			return event, standards.Wrong("action", "is missing")
		}
		return event, nil
	}
	id, is := o["id"].(string)
	uuid, isURN := strings.CutPrefix(strings.ToLower(id), "urn:uuid:")
	if !is || !isURN || !standards.IsUUID(uuid) {
		return event, standards.Wrong("id", "must be a UUID as urn:uuid:…")
	}
	event.ID = id
	text, _ := o["eventTime"].(string)
	at, err := iso8601.Time(text)
	if err != nil {
		return event, standards.Wrong("eventTime", err.Error())
	}
	actor, mistake := idOf(o["actor"], "actor")
	if mistake != nil {
		return event, mistake
	}
	learner, mistake := ask.Name(actor, "actor.id")
	if mistake != nil {
		return event, mistake
	}
	if learner, mistake = ask.Learner(learner, "actor.id"); mistake != nil {
		return event, mistake
	}
	object, mistake := idOf(o["object"], "object")
	if mistake != nil {
		return event, mistake
	}
	action, is := o["action"].(string)
	if !is || action == "" {
		return event, standards.Wrong("action", "must be the name of an action")
	}
	if kind != mediaEvent {
		return event, nil
	}
	u := &event.Update
	u.UserID, u.EventID = learner, uuid
	u.OccurredAt = standards.InstantOf(at, ask.Received)
	if mistake := name(u, o, object, ask); mistake != nil {
		return event, mistake
	}
	if mistake := tell(u, o, action, ask.Ranges); mistake != nil {
		return event, mistake
	}
	event.Outcome = standards.OutcomeUpdate
	return event, nil
}

// idOf is the IRI of an entity, which is given as that or as an object.
func idOf(value any, field string) (string, *standards.Mistake) {
	switch v := value.(type) {
	case string:
		if iri.Is(v) {
			return v, nil
		}
	case standards.Object:
		if id, is := v["id"].(string); is && iri.Is(id) {
			return id, nil
		}
		return "", standards.Wrong(field+".id", "must be an IRI")
	case nil:
		return "", standards.Wrong(field, "is missing")
	}
	return "", standards.Wrong(field, "must be an entity or its IRI")
}

// name sets the lesson, which is the object, and the course: the event's group, or what
// the object is a part of, or the object alone.
func name(u *progress.Update, event standards.Object, object string, ask *standards.Ask) (mistake *standards.Mistake) {
	if u.LessonID, mistake = ask.Name(object, "object.id"); mistake != nil {
		return mistake
	}
	course, field := object, "object.id"
	entity, _ := event["object"].(standards.Object)
	within := entity["isPartOf"]
	if within == nil {
		extensions, _ := entity["extensions"].(standards.Object)
		within = extensions["isPartOf"] // of Open edX
	}
	part := ""
	if within != nil {
		if part, mistake = idOf(within, "object.isPartOf"); mistake != nil {
			return mistake
		}
		course, field = part, "object.isPartOf"
	}
	if event["group"] != nil {
		if course, mistake = idOf(event["group"], "group"); mistake != nil {
			return mistake
		}
		field = "group"
	}
	if u.CourseID, mistake = ask.Name(course, field); mistake != nil {
		return mistake
	}
	if part != "" && part != course {
		u.ModuleID, mistake = ask.Name(part, "object.isPartOf")
	}
	return mistake
}
