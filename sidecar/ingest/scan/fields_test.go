package scan

import (
	"strings"
	"testing"

	"github.com/progress-sync/progress-sync/sidecar/progress"
	"github.com/progress-sync/progress-sync/sidecar/progress/fieldtest"
)

// The reader knows fields by the table alone, so that a new one is read.
func TestAFieldThatNobodyKnowsIsRead(t *testing.T) {
	read := func(body string) *Items {
		q := NewLayout(fieldtest.WithStranger()).Items()
		q.Reset(Ask{Form: FormUpdate, MaxItems: 1000, Received: testNow})
		if err := q.JSON([]byte(body)); err != nil {
			t.Fatal(err)
		}
		return q
	}
	if q := read(with("strangers", "3")); len(q.Updates) != 1 || q.Updates[0].PauseEvents != 3 {
		t.Errorf("%+v %v", q.Updates, q.Mistakes.Listed)
	}
	if q := read(with("strangers", "1000001")); q.Mistakes.Count != 1 || q.Mistakes.Listed[0].Field != "strangers" {
		t.Errorf("what is out of range: %v", q.Mistakes.Listed)
	}
	if q := read(with("pauseEvents", `"any"`)); len(q.Updates) != 1 || q.Updates[0].PauseEvents != 0 {
		t.Errorf("what is no longer a Field: %+v %v", q.Updates, q.Mistakes.Listed)
	}
}

// A name that is taken for another one's puts a value into the wrong field.
func TestANameIsFoundOnlyIfItIsExact(t *testing.T) {
	l := NewLayout(progress.Fields())
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
