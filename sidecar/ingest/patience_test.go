package ingest

import (
	"context"
	"errors"
	"net/http"
	"net/http/httptest"
	"slices"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/progress-sync/progress-sync/sidecar/config"
)

func TestPatience(t *testing.T) {
	const second, silence, answer, error500 = time.Second, "silence", "an answer", "an error at once"
	// A read begins at a moment, and ends as it says after the wait that it got, or
	// after so much less.
	type read struct {
		at    time.Duration
		ends  string
		after time.Duration // 0 for the whole wait
	}
	for name, c := range map[string]struct {
		reads []read
		next  time.Duration // when one more begins
		want  time.Duration // what it may wait
	}{
		"at first all wait as long as they may": {nil, 0, second},
		"after one that waited in vain others hurry": {
			[]read{{0, silence, 0}}, second, hurriedRead,
		},
		"those that hurry in vain don't put off the one that finds out": {
			[]read{{0, silence, 0}, {9 * second, silence, 0}, {10 * second, silence, 0}}, 11 * second, second,
		},
		"after it has waited in vain, too, they hurry on": {
			[]read{{0, silence, 0}, {11 * second, silence, 0}}, 12 * second, hurriedRead,
		},
		"an answer in a hurry ends it": {
			[]read{{0, silence, 0}, {second, answer, second / 50}}, 2 * second, second,
		},
		"a late answer to the one that finds out ends it": {
			[]read{{0, silence, 0}, {11 * second, answer, second / 2}}, 12 * second, second,
		},
		"where another was answered meanwhile the database is there": {
			[]read{{second / 2, answer, second / 4}, {0, silence, 0}}, second, second,
		},
		"an error that costs no time changes nothing": {
			[]read{{0, error500, second / 100}}, second, second,
		},
		"a caller who left lets the next one find out": {
			[]read{{0, silence, 0}, {11 * second, error500, second / 4}}, 12 * second, second,
		},
	} {
		t.Run(name, func(t *testing.T) {
			start := time.Unix(1_800_000_000, 0)
			var p patience
			turns := make([]turn, len(c.reads))
			for i, r := range c.reads {
				turns[i] = p.begin(start.Add(r.at), second)
				after := r.after
				if after == 0 {
					after = turns[i].wait
				}
				p.end(turns[i], start.Add(r.at+after), r.ends == answer)
			}
			if got := p.begin(start.Add(c.next), second).wait; got != c.want {
				t.Errorf("it may wait %s, want %s", got, c.want)
			}
		})
	}
}

func TestPatienceLetsOneFindOutAtATime(t *testing.T) {
	var p patience
	at := time.Unix(1_800_000_000, 0)
	p.end(p.begin(at, time.Second), at.Add(time.Second), false)
	at = at.Add(time.Minute)
	first, second, third := p.begin(at, time.Second), p.begin(at, time.Second), p.begin(at.Add(time.Second-1), time.Second)
	if first.wait != time.Second || second.wait != hurriedRead || third.wait != hurriedRead {
		t.Errorf("they may wait %s, %s and %s", first.wait, second.wait, third.wait)
	}
}

func TestPatienceIsNeverMoreThanTheReadTimeout(t *testing.T) {
	var p patience
	at := time.Unix(1_800_000_000, 0)
	p.end(p.begin(at, 20*time.Millisecond), at.Add(20*time.Millisecond), false)
	if got := p.begin(at.Add(time.Second), 20*time.Millisecond).wait; got != 20*time.Millisecond {
		t.Errorf("it may wait %s", got)
	}
}

// Each page of an LMS would be a second slower while Postgres hangs.
func TestReadsOfADatabaseThatHangsAreAnsweredSoon(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d := newDesk()
		d.SetLimits(LimitsOf(config.Default()))
		d.reader.hangs = true
		get := func() (took time.Duration, stale any) {
			began := time.Now()
			a := d.ask(t, httptest.NewRequest(http.MethodGet, "/v1/progress?userId=u", nil))
			return time.Since(began), a.body["stale"]
		}
		for i, want := range []time.Duration{time.Second, hurriedRead, hurriedRead} {
			if took, stale := get(); took != want || stale != true {
				t.Errorf("read %d took %s, stale %v", i, took, stale)
			}
		}
		reset := httptest.NewRequest(http.MethodDelete, "/v1/progress?userId=u&courseId=c&lessonId=l", nil)
		began := time.Now()
		expect(t, d.ask(t, reset), 200, map[string]any{"known": nil})
		if took := time.Since(began); took != hurriedRead {
			t.Errorf("the reset took %s", took)
		}

		<-time.After(probeEvery)
		var wait sync.WaitGroup
		took := make([]time.Duration, 5)
		for i := range took {
			wait.Go(func() { took[i], _ = get() })
		}
		wait.Wait()
		slices.Sort(took)
		if took[3] != hurriedRead || took[4] != time.Second {
			t.Errorf("of five at once one waits for long: they took %v", took)
		}

		d.reader.hangs, d.reader.takes = false, hurriedRead/2
		if took, stale := get(); took != hurriedRead/2 || stale != false {
			t.Errorf("once it is back a read takes %s, stale %v", took, stale)
		}
		d.reader.takes = time.Second / 2
		if took, stale := get(); took != time.Second/2 || stale != false {
			t.Errorf("a slow answer is waited for again: it took %s, stale %v", took, stale)
		}
	})
}

// A page that is closed while it waits must not make others hurry.
func TestACallerWhoLeavesSaysNothingOfTheDatabase(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d := newDesk()
		d.reader.hangs = true
		ctx, leave := context.WithCancel(t.Context())
		time.AfterFunc(time.Second/2, leave)
		d.ask(t, httptest.NewRequest(http.MethodGet, "/v1/progress?userId=u", nil).WithContext(ctx))
		if !errors.Is(ctx.Err(), context.Canceled) {
			t.Fatal("the caller did not leave")
		}
		d.reader.hangs, d.reader.takes = false, time.Second/2
		a := d.ask(t, httptest.NewRequest(http.MethodGet, "/v1/progress?userId=u", nil))
		expect(t, a, 200, map[string]any{"stale": false})
	})
}
