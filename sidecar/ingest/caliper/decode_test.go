package caliper

import (
	"encoding/json"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/progress-sync/progress-sync/sidecar/ingest/standards"
	"github.com/progress-sync/progress-sync/sidecar/progress"
)

const uuid = "0f0e0d0c-0000-4000-8000-000000000001"

func newAsk() *standards.Ask {
	return &standards.Ask{
		MaxEvents: 10, Ranges: standards.RangesOf(progress.Fields()), Prefixes: []string{"https://uni.example/users/"},
		Received: progress.InstantOf(time.Date(2026, 3, 1, 10, 0, 0, 0, time.UTC)),
	}
}

// replaced is a JSON object with members in the place of its own; "remove" removes one.
func replaced(object map[string]any, members string) string {
	var change map[string]any
	if err := json.Unmarshal([]byte(members), &change); err != nil {
		panic(err)
	}
	for name, value := range change {
		object[name] = value
		if value == "remove" {
			delete(object, name)
		}
	}
	text, err := json.Marshal(object)
	if err != nil {
		panic(err)
	}
	return string(text)
}

func eventWith(members string) string {
	return replaced(map[string]any{
		"@context": "http://purl.imsglobal.org/ctx/caliper/v1p2", "id": "urn:uuid:" + uuid, "type": "MediaEvent", "action": "Muted",
		"actor":     map[string]any{"id": "https://uni.example/users/ada", "type": "Person"},
		"object":    map[string]any{"id": "https://uni.example/film", "type": "VideoObject"},
		"eventTime": "2026-03-01T09:30:00.000Z",
	}, members)
}

func envelopeWith(members, event string) string {
	return replaced(map[string]any{
		"sensor": "https://uni.example/sensor", "sendTime": "2026-03-01T09:59:00.000Z",
		"dataVersion": "http://purl.imsglobal.org/ctx/caliper/v1p2", "data": []any{json.RawMessage(event)},
	}, members)
}

func TestWhatAnActionBecomes(t *testing.T) {
	const at = `"target":{"id":"https://uni.example/film#t","type":"MediaLocation","currentTime":"PT1M0.5S"}`
	const film = `"object":{"id":"https://uni.example/film","type":"VideoObject","duration":"PT2M"}`
	place, length := progress.Some(60.5), progress.Some(120)
	for name, c := range map[string]struct {
		members string
		outcome standards.Outcome
		want    progress.Update // but for the key, the id and the times
	}{
		"started":   {`{"action":"Started",` + at + `,` + film + `}`, standards.OutcomeUpdate, progress.Update{CurrentTime: place, Duration: length}},
		"restarted": {`{"action":"Restarted",` + at + `}`, standards.OutcomeUpdate, progress.Update{CurrentTime: place}},
		"paused":    {`{"action":"Paused",` + at + `}`, standards.OutcomeUpdate, progress.Update{CurrentTime: place, PauseEvents: 1}},
		"resumed":   {`{"action":"Resumed",` + at + `}`, standards.OutcomeUpdate, progress.Update{CurrentTime: place}},
		"jumped":    {`{"action":"JumpedTo",` + at + `,` + film + `}`, standards.OutcomeUpdate, progress.Update{CurrentTime: place, SeekEvents: 1}},
		"forwarded": {`{"action":"ForwardedTo",` + at + `}`, standards.OutcomeUpdate, progress.Update{CurrentTime: place, SeekEvents: 1}},
		"jumped as Open edX says it": {`{"action":"JumpedTo","target":{"id":"_:MediaLocation","type":"MediaLocation","currentTime":"PT9S","extensions":{"newTime":"PT30S"}}}`,
			standards.OutcomeUpdate, progress.Update{CurrentTime: progress.Some(30), SeekEvents: 1}},
		"ended":                    {`{"action":"Ended",` + at + `}`, standards.OutcomeUpdate, progress.Update{CurrentTime: place, Leaving: true}},
		"ended without a place":    {`{"action":"Ended",` + film + `}`, standards.OutcomeUpdate, progress.Update{CurrentTime: length, Duration: length, Leaving: true}},
		"faster":                   {`{"action":"ChangedSpeed","extensions":{"oldSpeed":"1.0","newSpeed":"1.25"}}`, standards.OutcomeUpdate, progress.Update{PlaybackSpeed: progress.Some(1.25)}},
		"faster by nobody knows":   {`{"action":"ChangedSpeed"}`, standards.OutcomeUpdate, progress.Update{}},
		"something else in a film": {`{"action":"EnabledClosedCaptioning",` + at + `}`, standards.OutcomeUpdate, progress.Update{CurrentTime: place}},
		"a place that is an IRI":   {`{"action":"Paused","target":"https://uni.example/film#t=60"}`, standards.OutcomeUpdate, progress.Update{PauseEvents: 1}},
		"a length of a month":      {`{"object":{"id":"https://uni.example/film","duration":"P1M"}}`, standards.OutcomeUpdate, progress.Update{}},
		"an object that is an IRI": {`{"object":"https://uni.example/film"}`, standards.OutcomeUpdate, progress.Update{}},
		"a view":                   {`{"type":"ViewEvent","action":"Viewed"}`, standards.OutcomeIgnored, progress.Update{}},
		"a grade":                  {`{"type":"GradeEvent","action":"Graded"}`, standards.OutcomeIgnored, progress.Update{}},
		"an entity":                {`{"id":"https://uni.example/film","type":"VideoObject","action":"remove","actor":"remove","object":"remove","eventTime":"remove"}`, standards.OutcomeIgnored, progress.Update{}},
	} {
		t.Run(name, func(t *testing.T) {
			events, mistake := Decode([]byte(envelopeWith(`{}`, eventWith(c.members))), newAsk())
			if mistake != nil {
				t.Fatal(mistake.Words())
			}
			if len(events) != 1 || events[0].Outcome != c.outcome {
				t.Fatal(events)
			}
			if c.outcome != standards.OutcomeUpdate {
				return
			}
			c.want.Key = progress.Key{UserID: "ada", CourseID: "https://uni.example/film", LessonID: "https://uni.example/film"}
			c.want.EventID = uuid
			c.want.OccurredAt = progress.InstantOf(time.Date(2026, 3, 1, 9, 30, 0, 0, time.UTC))
			c.want.SentAt = progress.InstantOf(time.Date(2026, 3, 1, 9, 59, 0, 0, time.UTC))
			if diff := cmp.Diff(c.want, events[0].Update); diff != "" {
				t.Error("(-want +got)", diff)
			}
		})
	}
}

func TestTheCourseIsTheGroupOrWhatTheFilmIsAPartOf(t *testing.T) {
	const film = `"object":{"id":"https://uni.example/film","type":"VideoObject"`
	for name, c := range map[string]struct{ members, course, module string }{
		"the group":              {`{"group":{"id":"https://uni.example/c","type":"CourseSection"}}`, "https://uni.example/c", ""},
		"a group by its IRI":     {`{"group":"https://uni.example/c"}`, "https://uni.example/c", ""},
		"the whole":              {`{` + film + `,"isPartOf":"https://uni.example/w"}}`, "https://uni.example/w", ""},
		"the group and a module": {`{"group":"https://uni.example/c",` + film + `,"isPartOf":{"id":"https://uni.example/w"}}}`, "https://uni.example/c", "https://uni.example/w"},
		"the group is the whole": {`{"group":"https://uni.example/c",` + film + `,"isPartOf":"https://uni.example/c"}}`, "https://uni.example/c", ""},
		"that of Open edX":       {`{` + film + `,"extensions":{"isPartOf":{"id":"https://uni.example/w","type":"CourseOffering"}}}}`, "https://uni.example/w", ""},
		"none but the film":      {`{}`, "https://uni.example/film", ""},
	} {
		events, mistake := Decode([]byte(envelopeWith(`{}`, eventWith(c.members))), newAsk())
		if mistake != nil {
			t.Fatal(name, mistake.Words())
		}
		if u := events[0].Update; u.CourseID != c.course || u.ModuleID != c.module || u.LessonID != "https://uni.example/film" {
			t.Errorf("%s: %+v", name, u.Key)
		}
	}
}

func TestAnEnvelopeWithAMistakeIsRefusedWhole(t *testing.T) {
	good := eventWith(`{}`)
	for name, c := range map[string]struct {
		body, field   string
		index, status int
	}{
		"nothing":                  {"", "", -1, 400},
		"not JSON":                 {"{", "", -1, 400},
		"an array of events":       {"[" + good + "]", "", -1, 400},
		"an event alone":           {good, "sensor", -1, 400},
		"no sensor":                {envelopeWith(`{"sensor":"remove"}`, good), "sensor", -1, 400},
		"a sensor of two":          {envelopeWith(`{"sensor":["a","b"]}`, good), "", -1, 400},
		"no time":                  {envelopeWith(`{"sendTime":"remove"}`, good), "sendTime", -1, 400},
		"a time that is none":      {envelopeWith(`{"sendTime":"now"}`, good), "sendTime", -1, 400},
		"no version":               {envelopeWith(`{"dataVersion":"remove"}`, good), "dataVersion", -1, 400},
		"a version to come":        {envelopeWith(`{"dataVersion":"http://purl.imsglobal.org/ctx/caliper/v2p0"}`, good), "dataVersion", -1, 422},
		"no data":                  {envelopeWith(`{"data":"remove"}`, good), "data", -1, 400},
		"data that is no list":     {envelopeWith(`{"data":{}}`, good), "data", -1, 400},
		"too many events":          {envelopeWith(`{"data":[`+strings.Repeat(good+",", 10)+good+`]}`, good), "", -1, 413},
		"too large an event":       {envelopeWith(`{"data":[`+good+`,`+eventWith(`{"extensions":{"x":"`+strings.Repeat("x", 70_000)+`"}}`)+`]}`, good), "", 1, 413},
		"an event of no type":      {envelopeWith(`{"data":[`+good+`,`+eventWith(`{"type":"remove"}`)+`]}`, good), "type", 1, 400},
		"an event of no id":        {envelopeWith(`{}`, eventWith(`{"id":"remove"}`)), "id", 0, 400},
		"an id that is no UUID":    {envelopeWith(`{}`, eventWith(`{"id":"https://uni.example/events/1"}`)), "id", 0, 400},
		"an event of nobody":       {envelopeWith(`{}`, eventWith(`{"actor":"remove"}`)), "actor", 0, 400},
		"an actor without an IRI":  {envelopeWith(`{}`, eventWith(`{"actor":{"id":"ada"}}`)), "actor.id", 0, 400},
		"an event of nothing":      {envelopeWith(`{}`, eventWith(`{"object":"remove"}`)), "object", 0, 400},
		"an action that is none":   {envelopeWith(`{}`, eventWith(`{"action":7}`)), "action", 0, 400},
		"an event without action":  {envelopeWith(`{}`, eventWith(`{"action":"remove"}`)), "action", 0, 400},
		"an event at no time":      {envelopeWith(`{}`, eventWith(`{"eventTime":"remove"}`)), "eventTime", 0, 400},
		"a place that is a number": {envelopeWith(`{}`, eventWith(`{"target":{"currentTime":12}}`)), "target.currentTime", 0, 400},
		"a length that is none":    {envelopeWith(`{}`, eventWith(`{"object":{"id":"https://uni.example/film","duration":"2 min"}}`)), "object.duration", 0, 400},
		"a group that is none":     {envelopeWith(`{}`, eventWith(`{"group":{"name":"x"}}`)), "group.id", 0, 400},
	} {
		t.Run(name, func(t *testing.T) {
			events, mistake := Decode([]byte(c.body), newAsk())
			if mistake == nil {
				t.Fatal(events)
			}
			if mistake.Field != c.field || mistake.Index != c.index || mistake.Status != c.status {
				t.Errorf("%+v", mistake)
			}
		})
	}
}

func TestTheOlderVersionIsReadToo(t *testing.T) {
	for _, version := range []string{
		"http://purl.imsglobal.org/ctx/caliper/v1p1", "http://purl.imsglobal.org/ctx/caliper/v1p2", "https://purl.imsglobal.org/ctx/caliper/v1p1/ToolUseProfile-extension",
	} {
		if _, mistake := Decode([]byte(envelopeWith(`{"dataVersion":"`+version+`"}`, eventWith(`{}`))), newAsk()); mistake != nil {
			t.Error(version, mistake.Words())
		}
	}
}

func TestAnotherLearnerIsRefused(t *testing.T) {
	for user, status := range map[string]int{"ada": 0, "bob": 403, "https://uni.example/users/ada": 403} {
		for _, kind := range []string{"MediaEvent", "ViewEvent"} {
			ask := newAsk()
			ask.User = user
			_, mistake := Decode([]byte(envelopeWith(`{}`, eventWith(`{"type":"`+kind+`"}`))), ask)
			if status == 0 && mistake != nil || status != 0 && (mistake == nil || mistake.Status != status) {
				t.Errorf("%s of %s: %+v", kind, user, mistake)
			}
		}
	}
}

func FuzzDecode(f *testing.F) {
	f.Add([]byte(envelopeWith(`{}`, eventWith(`{}`))))
	f.Add([]byte(envelopeWith(`{}`, eventWith(`{"action":"Ended","object":{"id":"https://uni.example/film","duration":"PT2M"}}`))))
	f.Add([]byte(envelopeWith(`{"data":[]}`, `{}`)))
	f.Fuzz(func(t *testing.T, body []byte) {
		events, mistake := Decode(body, newAsk())
		if mistake != nil && (events != nil || mistake.Status < 400 || mistake.Words() == "") {
			t.Errorf("%+v %+v", events, mistake)
		}
		for _, e := range events {
			if u := e.Update; e.Outcome == standards.OutcomeUpdate && (u.UserID == "" || u.CourseID == "" || u.LessonID == "" || u.EventID == "") {
				t.Errorf("an update without a key or an id: %+v", u)
			}
		}
	})
}
