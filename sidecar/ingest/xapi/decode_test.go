package xapi

import (
	"encoding/json"
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/progress-sync/progress-sync/sidecar/ingest/standards"
	"github.com/progress-sync/progress-sync/sidecar/progress"
)

const (
	paused = "https://w3id.org/xapi/video/verbs/paused"
	first  = "0f0e0d0c-0000-4000-8000-000000000001"
)

func newAsk() *standards.Ask {
	made := 0
	return &standards.Ask{
		MaxEvents: 10, Ranges: standards.RangesOf(progress.Fields()),
		Received: progress.InstantOf(time.Date(2026, 3, 1, 10, 0, 0, 0, time.UTC)),
		NewID: func() string {
			made++
			return fmt.Sprintf("ffffffff-0000-4000-8000-%012d", made)
		},
	}
}

// statementWith is a good statement with members in the place of its own; a nil removes one.
func statementWith(members string) string {
	statement := map[string]any{
		"id":        first,
		"actor":     map[string]any{"account": map[string]any{"homePage": "https://lms.example", "name": "ada"}},
		"verb":      map[string]any{"id": paused},
		"object":    map[string]any{"id": "https://lms.example/lesson"},
		"timestamp": "2026-03-01T09:30:00Z",
	}
	var change map[string]json.RawMessage
	if err := json.Unmarshal([]byte(members), &change); err != nil {
		panic(err)
	}
	for name, value := range change {
		statement[name] = value
		if string(value) == `"remove"` {
			delete(statement, name)
		}
	}
	text, err := json.Marshal(statement)
	if err != nil {
		panic(err)
	}
	return string(text)
}

func TestAStatementWithAMistakeIsRefused(t *testing.T) {
	for name, c := range map[string]struct{ members, field string }{
		"no actor":                           {`{"actor":"remove"}`, "actor"},
		"no verb":                            {`{"verb":"remove"}`, "verb"},
		"no object":                          {`{"object":"remove"}`, "object"},
		"null":                               {`{"result":{"response":null}}`, "result.response"},
		"a number in quotes":                 {`{"result":{"score":{"scaled":"1"}}}`, "result.score.scaled"},
		"a boolean in quotes":                {`{"result":{"completion":"true"}}`, "result.completion"},
		"a property that is not named":       {`{"mood":"good"}`, "the statement"},
		"a property in other letters":        {`{"Timestamp":"2026-03-01T09:30:00Z"}`, "the statement"},
		"a property in other letters within": {`{"verb":{"id":"https://a.example/v","Display":{}}}`, "verb"},
		"an id that is no UUID":              {`{"id":"1"}`, "id"},
		"a timestamp that is none":           {`{"timestamp":"yesterday"}`, "timestamp"},
		"a timestamp of no zone":             {`{"timestamp":"2026-03-01T09:30:00-00:00"}`, "timestamp"},
		"a stored time that is none":         {`{"stored":"soon"}`, "stored"},
		"a version to come":                  {`{"version":"3.0.0"}`, "version"},
		"a version before 1.0":               {`{"version":"0.9"}`, "version"},
		"an authority that is nobody":        {`{"authority":{"name":"x"}}`, "authority"},
		"an actor of no identity":            {`{"actor":{"name":"Ada"}}`, "actor"},
		"an actor of two":                    {`{"actor":{"mbox":"mailto:a@b.example","openid":"https://a.example"}}`, "actor"},
		"an actor of another type":           {`{"actor":{"objectType":"Person","mbox":"mailto:a@b.example"}}`, "actor.objectType"},
		"a type in other letters":            {`{"actor":{"objectType":"agent","mbox":"mailto:a@b.example"}}`, "actor.objectType"},
		"a mail address alone":               {`{"actor":{"mbox":"a@b.example"}}`, "actor.mbox"},
		"a sum of another length":            {`{"actor":{"mbox_sha1sum":"abc"}}`, "actor.mbox_sha1sum"},
		"an openid without a scheme":         {`{"actor":{"openid":"a.example"}}`, "actor.openid"},
		"an account without its home":        {`{"actor":{"account":{"name":"ada"}}}`, "actor.account.homePage"},
		"an account without a name":          {`{"actor":{"account":{"homePage":"https://lms.example"}}}`, "actor.account.name"},
		"a name that is empty":               {`{"actor":{"account":{"homePage":"https://lms.example","name":""}}}`, "actor.account.name"},
		"a sum of a mail address":            {`{"actor":{"mbox_sha1sum":"ebd31e95054c018b10727ccffd2ef2ec3a016ee9"}}`, "actor.mbox_sha1sum"},
		"a group":                            {`{"actor":{"objectType":"Group","member":[{"mbox":"mailto:a@b.example"}]}}`, "actor"},
		"a group of groups":                  {`{"actor":{"objectType":"Group","member":[{"objectType":"Group","mbox":"mailto:a@b.example"}]}}`, "actor.member"},
		"a verb without an id":               {`{"verb":{}}`, "verb.id"},
		"a verb that is no IRI":              {`{"verb":{"id":"paused"}}`, "verb.id"},
		"a verb shown in no language":        {`{"verb":{"id":"https://a.example/v","display":{"a_b":"x"}}}`, "verb.display"},
		"an object of another type":          {`{"object":{"objectType":"activity","id":"https://a.example/o"}}`, "object.objectType"},
		"an object without an id":            {`{"object":{"objectType":"Activity"}}`, "object.id"},
		"an object that is no IRI":           {`{"object":{"id":"lesson 1"}}`, "object.id"},
		"an object with too long a name":     {`{"object":{"id":"https://a.example/` + strings.Repeat("x", 250) + `"}}`, "object.id"},
		"a kind that is no IRI":              {`{"object":{"id":"https://a.example/o","definition":{"type":"video"}}}`, "object.definition.type"},
		"a reference to nothing":             {`{"object":{"objectType":"StatementRef"}}`, "object.id"},
		"a statement in a statement in one": {`{"object":{"objectType":"SubStatement","actor":{"mbox":"mailto:a@b.example"},"verb":{"id":"https://a.example/v"},
			"object":{"objectType":"SubStatement"}}}`, "object.object"},
		"a statement in one with an id": {`{"object":{"objectType":"SubStatement","id":"` + first + `","actor":{"mbox":"mailto:a@b.example"},
			"verb":{"id":"https://a.example/v"},"object":{"id":"https://a.example/o"}}}`, "object"},
		"a statement in one without a verb":   {`{"object":{"objectType":"SubStatement","actor":{"mbox":"mailto:a@b.example"},"object":{"id":"https://a.example/o"}}}`, "object.verb"},
		"a voiding of an activity":            {`{"verb":{"id":"http://adlnet.gov/expapi/verbs/voided"}}`, "object"},
		"a score above one":                   {`{"result":{"score":{"scaled":1.1}}}`, "result.score.scaled"},
		"a score above its greatest":          {`{"result":{"score":{"raw":11,"min":0,"max":10}}}`, "result.score.raw"},
		"a length that is none":               {`{"result":{"duration":"3 minutes"}}`, "result.duration"},
		"a length in the alternative form":    {`{"result":{"duration":"P0000-00-00T00:03:00"}}`, "result.duration"},
		"extensions without a scheme":         {`{"result":{"extensions":{"time":1}}}`, "result.extensions"},
		"extensions that are a list":          {`{"context":{"extensions":[]}}`, "context.extensions"},
		"a registration that is no UUID":      {`{"context":{"registration":"r"}}`, "context.registration"},
		"a language that is none":             {`{"context":{"language":"en_US"}}`, "context.language"},
		"a team of one":                       {`{"context":{"team":{"mbox":"mailto:a@b.example"}}}`, "context.team"},
		"a list of no such name":              {`{"context":{"contextActivities":{"parents":[]}}}`, "context.contextActivities"},
		"a parent without an id":              {`{"context":{"contextActivities":{"parent":[{}]}}}`, "context.contextActivities.parent.id"},
		"a group that is an agent":            {`{"context":{"contextActivities":{"grouping":{"objectType":"Agent","id":"https://a.example"}}}}`, "context.contextActivities.grouping.objectType"},
		"a context statement that is none":    {`{"context":{"statement":{"id":"` + first + `"}}}`, "context.statement.id"},
		"a platform of a statement reference": {`{"object":{"objectType":"StatementRef","id":"` + first + `"},"context":{"platform":"x"}}`, "context.platform"},
		"attachments that are to be sent":     {`{"attachments":[{"usageType":"https://a.example/u","display":{"en":"x"},"contentType":"text/plain","length":1,"sha2":"x"}]}`, "attachments.fileUrl"},
		"attachments that are no list":        {`{"attachments":{}}`, "attachments"},
	} {
		t.Run(name, func(t *testing.T) {
			_, mistake := Decode([]byte("["+statementWith(`{"id":"remove"}`)+","+statementWith(c.members)+"]"), newAsk())
			if mistake == nil {
				t.Fatal("it is accepted")
			}
			if mistake.Field != c.field || mistake.Index != 1 || mistake.Status != http.StatusBadRequest || mistake.Detail == "" {
				t.Errorf("%+v, want the field %q", mistake, c.field)
			}
		})
	}
}

func TestAStatementMayHave(t *testing.T) {
	for name, members := range map[string]string{
		"no id":                           `{"id":"remove"}`,
		"no timestamp":                    `{"timestamp":"remove"}`,
		"a timestamp in the future":       `{"timestamp":"2046-03-01T09:30:00Z"}`,
		"a timestamp of a clock at zero":  `{"timestamp":"1970-01-01T00:00:00Z"}`,
		"a version of 1.0":                `{"version":"1.0.9"}`,
		"a version of 2.0":                `{"version":"2.0.0"}`,
		"what stores add":                 `{"stored":"2026-03-01T09:30:00Z","authority":{"objectType":"Agent","mbox":"mailto:lrs@b.example"}}`,
		"a mail address":                  `{"actor":{"objectType":"Agent","name":"Ada","mbox":"mailto:ada@b.example"}}`,
		"an openid":                       `{"actor":{"openid":"https://ada.example"}}`,
		"a whole result":                  `{"result":{"score":{"scaled":-1,"raw":0,"min":0,"max":10},"success":false,"completion":false,"response":"","duration":"P1Y"}}`,
		"null and anything in extensions": `{"result":{"extensions":{"https://a.example/x":null,"https://a.example/y":{"z":[null]}}},"context":{"extensions":{"https://w3id.org/xapi/video/extensions/length":"long"}}}`,
		"a whole context": `{"context":{"registration":"` + first + `","instructor":{"mbox":"mailto:i@b.example"},"team":{"objectType":"Group","mbox":"mailto:t@b.example"},
			"contextActivities":{"parent":{"id":"https://a.example/p"},"grouping":[],"category":[{"id":"https://a.example/c"}],"other":[{"id":"https://a.example/o"}]},
			"revision":"1","platform":"web","language":"de-CH","statement":{"objectType":"StatementRef","id":"` + first + `"}}}`,
		"the contexts of 2.0":        `{"context":{"contextAgents":[{"objectType":"contextAgent","agent":{"mbox":"mailto:a@b.example"}}],"contextGroups":[]}}`,
		"an attachment elsewhere":    `{"attachments":[{"usageType":"https://a.example/u","display":{"en":"x"},"contentType":"text/plain","length":1,"sha2":"x","fileUrl":"https://a.example/f"}]}`,
		"a verb that nobody knows":   `{"verb":{"id":"https://a.example/verbs/pondered","display":{"en":"pondered"}}}`,
		"an agent as its object":     `{"object":{"objectType":"Agent","mbox":"mailto:b@b.example"}}`,
		"a group as its object":      `{"object":{"objectType":"Group","member":[{"mbox":"mailto:b@b.example"}]}}`,
		"a reference as its object":  `{"object":{"objectType":"StatementRef","id":"` + first + `"}}`,
		"a statement as its object":  `{"object":{"objectType":"SubStatement","actor":{"mbox":"mailto:b@b.example"},"verb":{"id":"https://a.example/v"},"object":{"id":"https://a.example/o"}}}`,
		"an interaction":             `{"object":{"id":"https://a.example/q","definition":{"type":"http://adlnet.gov/expapi/activities/cmi.interaction","interactionType":"choice","choices":[{"id":"a"}],"correctResponsesPattern":["a"]}}}`,
		"an id in capital letters":   `{"id":"0F0E0D0C-0000-4000-8000-00000000000A"}`,
		"segments that are not any":  `{"result":{"extensions":{"https://w3id.org/xapi/video/extensions/played-segments":"0-12"}}}`,
		"a length of a year or more": `{"result":{"duration":"P1Y2M"},"verb":{"id":"http://adlnet.gov/expapi/verbs/completed"}}`,
	} {
		t.Run(name, func(t *testing.T) {
			events, mistake := Decode([]byte(statementWith(members)), newAsk())
			if mistake != nil {
				t.Fatal(mistake.Words())
			}
			if len(events) != 1 || !standards.IsUUID(events[0].ID) {
				t.Error(events)
			}
		})
	}
}

func TestABodyIsRefusedWhole(t *testing.T) {
	good := statementWith(`{"id":"remove"}`)
	deep := `{"result":{"extensions":{"https://a.example/x":` + strings.Repeat("[", 100) + strings.Repeat("]", 100) + `}}}`
	for name, c := range map[string]struct {
		body   string
		index  int
		status int
	}{
		"nothing":                  {" ", -1, 400},
		"a text":                   {`"x"`, 0, 400},
		"half a statement":         {good[:20], 0, 400},
		"half an array":            {"[" + good, -1, 400},
		"what follows":             {"[" + good + "] x", -1, 400},
		"not UTF-8":                {"\xff", -1, 400},
		"an element that is none":  {"[" + good + ",1]", 1, 400},
		"deep nesting":             {statementWith(deep), 0, 400},
		"too many":                 {"[" + strings.Repeat(good+",", 10) + good + "]", -1, 413},
		"too large a statement":    {`[` + good + "," + statementWith(`{"result":{"response":"`+strings.Repeat("x", 70_000)+`"}}`) + "]", 1, 413},
		"too large a one":          {statementWith(`{"result":{"response":"` + strings.Repeat("x", 70_000) + `"}}`), 0, 413},
		"one id twice":             {"[" + statementWith(`{}`) + "," + statementWith(`{"id":"`+strings.ToUpper(first)+`"}`) + "]", 1, 400},
		"a number beyond a double": {statementWith(`{"result":{"score":{"raw":1e999}}}`), 0, 400},
	} {
		t.Run(name, func(t *testing.T) {
			events, mistake := Decode([]byte(c.body), newAsk())
			if mistake == nil {
				t.Fatal(events)
			}
			if mistake.Index != c.index || mistake.Status != c.status {
				t.Errorf("%+v", mistake)
			}
		})
	}
}

func TestTheLearnerIsThatOfTheUserHeader(t *testing.T) {
	for name, c := range map[string]struct {
		actor, user, want string
		status            int
	}{
		"an account, by its name":       {`{"account":{"homePage":"https://lms.example","name":"ada"}}`, "", "ada", 0},
		"a mail address":                {`{"mbox":"mailto:ada@lms.example"}`, "", "ada@lms.example", 0},
		"an openid, without the prefix": {`{"openid":"https://id.example/ada"}`, "", "ada", 0},
		"the account of the header":     {`{"account":{"homePage":"https://lms.example","name":"ada"}}`, "ada", "ada", 0},
		"the address of the header":     {`{"mbox":"mailto:ada@lms.example"}`, "ada@lms.example", "ada@lms.example", 0},
		"another account":               {`{"account":{"homePage":"https://lms.example","name":"bob"}}`, "ada", "", 403},
		"another address":               {`{"mbox":"mailto:bob@lms.example"}`, "ada", "", 403},
		"a sum, with the header":        {`{"mbox_sha1sum":"ebd31e95054c018b10727ccffd2ef2ec3a016ee9"}`, "ada", "", 403},
		"a group, with the header":      {`{"objectType":"Group","member":[{"mbox":"mailto:ada@lms.example"}]}`, "ada", "", 403},
		"a group":                       {`{"objectType":"Group","mbox":"mailto:ada@lms.example"}`, "", "", 400},
	} {
		t.Run(name, func(t *testing.T) {
			ask := newAsk()
			ask.User, ask.Prefixes = c.user, []string{"https://id.example/"}
			events, mistake := Decode([]byte(statementWith(`{"actor":`+c.actor+`}`)), ask)
			switch {
			case c.status != 0:
				if mistake == nil || mistake.Status != c.status || !strings.HasPrefix(mistake.Field, "actor") {
					t.Errorf("%+v", mistake)
				}
			case mistake != nil:
				t.Error(mistake.Words())
			case events[0].Update.UserID != c.want:
				t.Errorf("%q", events[0].Update.UserID)
			}
		})
	}
}

func TestTheLearnerOfAStatementThatIsNotKeptIsCheckedToo(t *testing.T) {
	ask := newAsk()
	ask.User = "bob"
	if _, mistake := Decode([]byte(statementWith(`{"verb":{"id":"https://a.example/v"}}`)), ask); mistake == nil || mistake.Status != http.StatusForbidden {
		t.Errorf("%+v", mistake)
	}
}

func FuzzDecode(f *testing.F) {
	f.Add([]byte(statementWith(`{}`)))
	f.Add([]byte("[" + statementWith(`{"result":{"duration":"PT1S","extensions":{"https://w3id.org/xapi/video/extensions/played-segments":"0[.]12"}}}`) + "]"))
	f.Add([]byte(statementWith(`{"context":{"contextActivities":{"parent":{"id":"https://a.example/p"}}}}`)))
	known := progress.Fields()
	f.Fuzz(func(t *testing.T, body []byte) {
		ask := newAsk()
		events, mistake := Decode(body, ask)
		if (mistake == nil) == (events == nil) && mistake != nil {
			t.Fatal("both or neither", events, mistake)
		}
		if mistake != nil && (mistake.Status < 400 || mistake.Words() == "") {
			t.Errorf("%+v", mistake)
		}
		for _, e := range events {
			if e.Outcome != standards.OutcomeUpdate {
				continue
			}
			u := e.Update
			if u.UserID == "" || u.CourseID == "" || u.LessonID == "" || u.EventID == "" {
				t.Errorf("an update without a key or an id: %+v", u)
			}
			for _, in := range progress.Inputs(known) {
				if in.Number == nil {
					continue
				}
				span := in.Range
				if n := in.Number(&u); n.Set {
					if taken, ok := span.Take(n.Value); !ok || taken != n.Value {
						t.Errorf("%s is %v", in.Name, n.Value)
					}
				}
			}
		}
	})
}
