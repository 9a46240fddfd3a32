package ingest

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/progress-sync/progress-sync/sidecar/progress"
	"github.com/progress-sync/progress-sync/sidecar/progress/fieldtest"
)

// The reader knows fields by the table alone, so that a new one is read.
func TestAFieldThatNobodyKnowsIsRead(t *testing.T) {
	read := func(body string) *request {
		q := newRequest(newLayout(fieldtest.WithStranger()))
		q.reset(formUpdate, "", 1000, testNow)
		if err := q.decodeJSON([]byte(body)); err != nil {
			t.Fatal(err)
		}
		return q
	}
	if q := read(with("strangers", "3")); len(q.updates) != 1 || q.updates[0].PauseEvents != 3 {
		t.Errorf("%+v %v", q.updates, q.mistakes.listed)
	}
	if q := read(with("strangers", "1000001")); q.mistakes.count != 1 || q.mistakes.listed[0].field != "strangers" {
		t.Errorf("what is out of range: %v", q.mistakes.listed)
	}
	if q := read(with("pauseEvents", `"any"`)); len(q.updates) != 1 || q.updates[0].PauseEvents != 0 {
		t.Errorf("what is no longer a field: %+v %v", q.updates, q.mistakes.listed)
	}
}

// A name that is taken for another one's puts a value into the wrong field.
func TestANameIsFoundOnlyIfItIsExact(t *testing.T) {
	l := newLayout(progress.Fields())
	names := map[string]bool{}
	for _, input := range l.inputs {
		names[input.Name] = true
	}
	for i, input := range l.inputs {
		name := input.Name
		if got := l.names.of([]byte(name)); got != field(i) {
			t.Errorf("%s is found as %d, want %d", name, got, i)
		}
		for _, other := range []string{
			"", name[1:], name[:len(name)-1], name + "s", "x" + name, strings.ToUpper(name), name + "\x00",
			name[:4] + "\x00" + name[5:], strings.Repeat(name, 3), name[:5] + "a-name-with-the-same-ends" + name[len(name)-5:],
		} {
			if got := l.names.of([]byte(other)); got != fieldUnknown && !names[other] {
				t.Errorf("%q is found as %s", other, l.inputs[got].Name)
			}
		}
	}
}

// A field that an answer lacks is one that a learner seems not to have.
func TestAnAnswerHasEveryFieldThatIsNotHidden(t *testing.T) {
	for _, f := range progress.Fields() {
		var r, none progress.Record
		fieldtest.Give(f, &r)
		var given, empty map[string]any
		if err := json.Unmarshal(append(appendRecord(nil, &r, 0), '}'), &given); err != nil {
			t.Fatal(err)
		}
		if err := json.Unmarshal(append(appendRecord(nil, &none, 0), '}'), &empty); err != nil {
			t.Fatal(err)
		}
		if _, there := given[f.Name]; there == f.Hidden {
			t.Errorf("%s is in the answer: %v", f.Name, there)
		}
		if _, there := empty[f.Name]; there == (f.Hidden || f.IsOptional()) {
			t.Errorf("%s of an empty record is in the answer: %v", f.Name, there)
		}
	}
}
