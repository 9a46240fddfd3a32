package xapi

import (
	"math"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/progress-sync/progress-sync/sidecar/ingest/standards"
	"github.com/progress-sync/progress-sync/sidecar/progress"
)

const adl, w3id = "http://adlnet.gov/expapi/verbs/", "https://w3id.org/xapi/"

// cmi5Defined is a context of a statement that cmi5 defines.
const cmi5Defined = `"context":{"contextActivities":{"category":[{"id":"https://w3id.org/xapi/cmi5/context/categories/cmi5"}]}}`

func TestWhatAVerbBecomes(t *testing.T) {
	for name, c := range map[string]struct {
		members string
		outcome standards.Outcome
		want    progress.Update // but for the key, the id and the time
	}{
		"initialized opens the lesson": {`{"verb":{"id":"` + adl + `initialized"}}`, standards.OutcomeUpdate, progress.Update{}},
		"attempted does, too":          {`{"verb":{"id":"` + adl + `attempted"}}`, standards.OutcomeUpdate, progress.Update{}},
		"played has a place": {`{"verb":{"id":"` + w3id + `video/verbs/played"},"result":{"extensions":{"` + extTime + `":12.5}}}`,
			standards.OutcomeUpdate, progress.Update{CurrentTime: progress.Some(12.5)}},
		"paused is a pause": {`{"result":{"extensions":{"` + extTime + `":"23.560"}}}`,
			standards.OutcomeUpdate, progress.Update{CurrentTime: progress.Some(23.56), PauseEvents: 1}},
		"seeked is a seek to where it ends": {`{"verb":{"id":"` + w3id + `video/verbs/seeked"},"context":{"extensions":{"` + extLength + `":120}},
			"result":{"extensions":{"` + extTimeTo + `":110,"` + w3id + `video/extensions/time-from":3}}}`,
			standards.OutcomeUpdate, progress.Update{CurrentTime: progress.Some(110), SeekEvents: 1}},
		"interacted may change the speed": {`{"verb":{"id":"` + adl + `interacted"},"result":{"extensions":{"` + extSpeedTo + `":"1.5x"}}}`,
			standards.OutcomeUpdate, progress.Update{PlaybackSpeed: progress.Some(1.5)}},
		"completed completes": {`{"verb":{"id":"` + adl + `completed"}}`, standards.OutcomeUpdate, progress.Update{Completed: true}},
		"completed but for the result": {`{"verb":{"id":"` + adl + `completed"},"result":{"completion":false}}`,
			standards.OutcomeUpdate, progress.Update{}},
		"completed with the time that it took": {`{"verb":{"id":"` + adl + `completed"},"result":{"completion":true,"duration":"PT218S"}}`,
			standards.OutcomeUpdate, progress.Update{Completed: true, WatchedDuration: progress.Some(218)}},
		"completed after a year": {`{"verb":{"id":"` + adl + `completed"},"result":{"completion":true,"duration":"P1Y"}}`,
			standards.OutcomeUpdate, progress.Update{Completed: true}},
		"completed of cmi5 is all of it, and its length is a part of the session's": {
			`{"verb":{"id":"` + adl + `completed"},"result":{"completion":true,"duration":"PT218S"},` + cmi5Defined + `}`,
			standards.OutcomeUpdate, progress.Update{Completed: true, Percentage: progress.Some(100)}},
		"terminated leaves":            {`{"verb":{"id":"` + adl + `terminated"},"result":{"duration":"PT9S"}}`, standards.OutcomeUpdate, progress.Update{Leaving: true}},
		"terminated of cmi5 adds time": {`{"verb":{"id":"` + adl + `terminated"},"result":{"duration":"PT9S"},` + cmi5Defined + `}`, standards.OutcomeUpdate, progress.Update{Leaving: true, WatchedDelta: progress.Some(9)}},
		"abandoned of cmi5 does, too":  {`{"verb":{"id":"` + w3id + `adl/verbs/abandoned"},"result":{"duration":"PT9S"},` + cmi5Defined + `}`, standards.OutcomeUpdate, progress.Update{Leaving: true, WatchedDelta: progress.Some(9)}},
		"waived completes":             {`{"verb":{"id":"` + w3id + `adl/verbs/waived"},"result":{"success":true,"completion":true},` + cmi5Defined + `}`, standards.OutcomeUpdate, progress.Update{Completed: true}},
		"passed completes nothing":     {`{"verb":{"id":"` + adl + `passed"},"result":{"success":true},` + cmi5Defined + `}`, standards.OutcomeUpdate, progress.Update{}},
		"failed completes nothing":     {`{"verb":{"id":"` + adl + `failed"},"result":{"success":false},` + cmi5Defined + `}`, standards.OutcomeUpdate, progress.Update{}},
		"a completion with any verb of progress": {`{"verb":{"id":"` + adl + `progressed"},"result":{"completion":true}}`,
			standards.OutcomeUpdate, progress.Update{Completed: true}},
		"progress of cmi5 is a percentage": {`{"verb":{"id":"` + adl + `progressed"},"result":{"extensions":{"` + extCmi5Progress + `":40}}}`,
			standards.OutcomeUpdate, progress.Update{Percentage: progress.Some(40)}},
		"progress of a video is a share": {`{"result":{"extensions":{"` + extProgress + `":0.25}}}`,
			standards.OutcomeUpdate, progress.Update{Percentage: progress.Some(25), PauseEvents: 1}},
		"played segments are united": {`{"result":{"extensions":{"` + extSegments + `":"30[.]45[,]0[.]12[,]6[.]20"}}}`,
			standards.OutcomeUpdate, progress.Update{
				WatchedDuration: progress.Some(35), PauseEvents: 1, WatchedSegments: progress.SegmentsOf([][2]float64{{0, 20}, {30, 45}}, 0),
			}},
		"played segments of a film of two hours": {`{"result":{"extensions":{"` + extSegments + `":"0[.]3600"}},"context":{"extensions":{"` + extLength + `":7200}}}`,
			standards.OutcomeUpdate, progress.Update{
				Duration: progress.Some(7200), WatchedDuration: progress.Some(3600), PauseEvents: 1,
				WatchedSegments: progress.SegmentsOf([][2]float64{{0, 3600}}, 7200),
			}},
		"a length and a speed": {`{"context":{"extensions":{"` + extLength + `":120,"` + extSpeed + `":"2x"}}}`,
			standards.OutcomeUpdate, progress.Update{Duration: progress.Some(120), PlaybackSpeed: progress.Some(2), PauseEvents: 1}},
		"a length that is not known yet": {`{"context":{"extensions":{"` + extLength + `":0}}}`, standards.OutcomeUpdate, progress.Update{PauseEvents: 1}},
		"numbers of no use": {`{"result":{"extensions":{"` + extTime + `":"soon","` + extProgress + `":7,"` + extCmi5Progress + `":-5,"` + extSegments + `":3,"` + extSpeedTo + `":"fast"}},
			"context":{"extensions":{"` + extLength + `":"NaN"}}}`, standards.OutcomeUpdate, progress.Update{PauseEvents: 1}},
		"launched is the LMS's word":   {`{"verb":{"id":"` + adl + `launched"}}`, standards.OutcomeIgnored, progress.Update{}},
		"satisfied is of a block":      {`{"verb":{"id":"` + w3id + `adl/verbs/satisfied"}}`, standards.OutcomeIgnored, progress.Update{}},
		"answered is of a question":    {`{"verb":{"id":"` + adl + `answered"},"result":{"completion":true}}`, standards.OutcomeIgnored, progress.Update{}},
		"an unknown verb is not kept":  {`{"verb":{"id":"https://a.example/v"},"result":{"completion":true}}`, standards.OutcomeIgnored, progress.Update{}},
		"a verb's letters count":       {`{"verb":{"id":"` + adl + `Completed"}}`, standards.OutcomeIgnored, progress.Update{}},
		"an agent is no lesson":        {`{"object":{"objectType":"Agent","mbox":"mailto:b@b.example"}}`, standards.OutcomeIgnored, progress.Update{}},
		"a part of H5P is no lesson":   {`{"object":{"id":"https://a.example/o?subContentId=x","definition":{"extensions":{"` + subContent + `":"x"}}}}`, standards.OutcomeIgnored, progress.Update{}},
		"a voiding takes nothing back": {`{"verb":{"id":"` + verbVoided + `"},"object":{"objectType":"StatementRef","id":"` + first + `"}}`, standards.OutcomeVoiding, progress.Update{}},
	} {
		t.Run(name, func(t *testing.T) {
			events, mistake := Decode([]byte(statementWith(c.members)), newAsk())
			if mistake != nil {
				t.Fatal(mistake.Words())
			}
			got := events[0].Update
			if events[0].Outcome != c.outcome {
				t.Error(events[0].Outcome)
			}
			if c.outcome == standards.OutcomeUpdate {
				c.want.Key = progress.Key{UserID: "ada", CourseID: "https://lms.example/lesson", LessonID: "https://lms.example/lesson"}
				c.want.EventID = first
				c.want.OccurredAt = progress.InstantOf(time.Date(2026, 3, 1, 9, 30, 0, 0, time.UTC))
			}
			if diff := cmp.Diff(c.want, got); diff != "" {
				t.Error("(-want +got)", diff)
			}
		})
	}
}

func TestTheCourseIsAnActivityOfTheContext(t *testing.T) {
	const course = `{"id":"https://lms.example/course/go","definition":{"type":"http://adlnet.gov/expapi/activities/course"}}`
	for name, c := range map[string]struct{ lists, course, module string }{
		"a parent that is a course": {`{"parent":[{"id":"https://lms.example/m"},` + course + `]}`, "go", "https://lms.example/m"},
		"a group that is a course":  {`{"parent":[{"id":"https://lms.example/m"}],"grouping":[{"id":"https://lms.example/x"},` + course + `]}`, "go", "https://lms.example/m"},
		"a parent before a group":   {`{"parent":[` + course + `],"grouping":[{"id":"https://lms.example/x","definition":{"type":"https://w3id.org/xapi/cmi5/activitytype/course"}}]}`, "go", ""},
		"the first parent":          {`{"parent":[{"id":"https://lms.example/m"},{"id":"https://lms.example/n"}]}`, "https://lms.example/m", "https://lms.example/n"},
		"a parent without a list":   {`{"parent":{"id":"https://lms.example/m"}}`, "https://lms.example/m", ""},
		"the first group":           {`{"grouping":[{"id":"https://lms.example/x"},{"id":"https://lms.example/y"}]}`, "https://lms.example/x", ""},
		"none but the lesson":       {`{"category":[{"id":"https://lms.example/x"}],"other":[{"id":"https://lms.example/y"}]}`, "1", ""},
	} {
		t.Run(name, func(t *testing.T) {
			ask := newAsk()
			ask.Prefixes = []string{"https://lms.example/course/", "https://lms.example/lesson/", "https://lms.example/course/go"}
			events, mistake := Decode([]byte(statementWith(`{"object":{"id":"https://lms.example/lesson/1"},"context":{"contextActivities":`+c.lists+`}}`)), ask)
			if mistake != nil {
				t.Fatal(mistake.Words())
			}
			if u := events[0].Update; u.CourseID != c.course || u.ModuleID != c.module || u.LessonID != "1" {
				t.Errorf("course %q, module %q, lesson %q", u.CourseID, u.ModuleID, u.LessonID)
			}
		})
	}
}

func TestAStatementWithoutAnIDGetsOne(t *testing.T) {
	id := func(ask *standards.Ask, members string) string {
		events, mistake := Decode([]byte(statementWith(members)), ask)
		if mistake != nil {
			t.Fatal(mistake.Words())
		}
		if u := events[0].Update; u.EventID != events[0].ID || !standards.IsUUID(u.EventID) {
			t.Errorf("the id is %q, the event's %q", events[0].ID, u.EventID)
		}
		return events[0].ID
	}
	ask := newAsk()
	timed := id(ask, `{"id":"remove"}`)
	if again := id(ask, `{"id":"remove"}`); again != timed {
		t.Error("the same statement of the same time has two", timed, again)
	}
	if other := id(ask, `{"id":"remove","timestamp":"2026-03-01T09:30:01Z"}`); other == timed {
		t.Error("a statement of another time has the same")
	}
	if one, two := id(ask, `{"id":"remove","timestamp":"remove"}`), id(ask, `{"id":"remove","timestamp":"remove"}`); one == two {
		t.Error("two statements without a time have the same")
	}
}

func TestAStatementThatIsPutHasTheIDOfTheRequest(t *testing.T) {
	for name, c := range map[string]struct {
		members string
		refused bool
	}{
		"without its own":         {`{"id":"remove"}`, false},
		"with the same":           {`{}`, false},
		"with another":            {`{"id":"0f0e0d0c-0000-4000-8000-000000000002"}`, true},
		"with one that is no one": {`{"id":"x"}`, true},
	} {
		event, mistake := DecodeOne([]byte(statementWith(c.members)), first, newAsk())
		if (mistake != nil) != c.refused || mistake == nil && event.Update.EventID != first {
			t.Errorf("%s: %+v %+v", name, event, mistake)
		}
	}
	if _, mistake := DecodeOne([]byte("["+statementWith(`{}`)+"]"), first, newAsk()); mistake == nil {
		t.Error("an array is put under one id")
	}
}

func TestPlayedSegmentsAreUnited(t *testing.T) {
	for text, want := range map[string][][2]float64{
		"0[.]12[,]30[.]45":                           {{0, 12}, {30, 45}},
		"0.000[.]12.000[,]14.000[.]21.000[,]18[.]30": {{0, 12}, {14, 30}},
		"30[.]45[,]0[.]30":                           {{0, 45}},
		"0[.]12[,]0[.]12":                            {{0, 12}},
		// A player that took the end of the part before for the start of the next one.
		"16.268[.]16.873[,]16.873[.]16.183": {{16.268, 16.873}},
		// Back within what was seen, and on beyond it.
		"0[.]60[,]20[.]30[,]30[.]70": {{0, 70}},
		"":                           nil,
		"5[.]5[,]9[.]2[,]-1[.]3[,]x[.]4[,]1[,]2[.]3": {{2, 3}},
		"0[.]Inf[,]NaN[.]3[,]0[.]1e300":              nil,
	} {
		if diff := cmp.Diff(want, playedSegments(text)); diff != "" {
			t.Errorf("%q (-want +got) %s", text, diff)
		}
	}
}

func TestMoreSegmentsNeverUnwatch(t *testing.T) {
	segment := rapid.StringMatching(`[0-9]{1,3}(\.[0-9])?\[\.\][0-9]{1,3}`)
	rapid.Check(t, func(t *rapid.T) {
		a, b := segment.Draw(t, "a"), segment.Draw(t, "b")
		both, turned, twice := playedSegments(a+"[,]"+b), playedSegments(b+"[,]"+a), playedSegments(a+"[,]"+b+"[,]"+a)
		if !cmp.Equal(both, turned) || !cmp.Equal(both, twice) {
			t.Errorf("%v, %v, %v", both, turned, twice)
		}
		if lengthOf(both) < max(lengthOf(playedSegments(a)), lengthOf(playedSegments(b))) {
			t.Errorf("less than either: %v", both)
		}
	})
}

func FuzzPlayedSegments(f *testing.F) {
	f.Add("0[.]12[,]30[.]45")
	f.Add("0.000[.]12.000[,]14.000[.]21.000[,]18.000[.]30.000")
	f.Fuzz(func(t *testing.T, text string) {
		end := -1.0
		for _, s := range playedSegments(text) {
			if s[0] <= end || s[1] <= s[0] || math.IsNaN(s[0]) || s[1] > 1e10 {
				t.Errorf("%q has %v after %v", text, s, end)
			}
			end = s[1]
		}
	})
}
