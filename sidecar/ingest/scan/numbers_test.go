package scan

import (
	"fmt"
	"math"
	"strconv"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"github.com/progress-sync/progress-sync/sidecar/progress"
)

func decodeOne(t interface {
	Helper()
	Fatal(...any)
}, body string) (*Items, progress.Update,
) {
	t.Helper()
	q := decoding(FormUpdate)
	if err := q.JSON([]byte(body)); err != nil {
		t.Fatal(err)
	}
	if len(q.Updates) == 0 {
		return q, progress.Update{}
	}
	return q, q.Updates[0]
}

// The numbers are from bug reports of players.
func TestTheUpdateThatCompletesALessonIsNotRefusedForARounding(t *testing.T) {
	for name, c := range map[string]struct {
		fields                         string
		percentage, position, duration float64
	}{
		"a position beyond the end": {`"percentage":100.03486,"currentTime":74.608,"duration":74.582`, 100, 74.608, 74.582},
		"no percentage":             {`"currentTime":74.608,"duration":74.582`, 100, 74.608, 74.582},
		"a quotient of whole seconds": {
			`"percentage":101,"currentTime":101,"duration":100`, 100, 101, 100},
		"a sum of floats": {`"percentage":100.00000000000001`, 100, 0, 0},
	} {
		t.Run(name, func(t *testing.T) {
			q, u := decodeOne(t, `{"userId":"u","courseId":"c","lessonId":"l",`+c.fields+`}`)
			if q.Mistakes.Count > 0 {
				t.Fatal(q.Mistakes.Listed)
			}
			r := u.Record(testNow, 95)
			if r.Percentage != c.percentage || r.Position != c.position || r.Duration != c.duration || !r.Completed {
				t.Errorf("%v %% of %v at %v, completed %v", r.Percentage, r.Duration, r.Position, r.Completed)
			}
		})
	}
}

func TestNumbersAtTheEdge(t *testing.T) {
	for _, c := range []struct {
		field, number string
		want          float64 // negative if it is refused
	}{
		{"percentage", "101", 100}, {"percentage", "101.0001", -1}, {"percentage", "-1", 0}, {"percentage", "-1.0001", -1},
		{"percentage", "-0", 0}, {"percentage", "1e-320", 0}, {"percentage", "0.5", 0.5}, {"percentage", "-1e-320", 0},
		{"currentTime", "-0.0001", 0}, {"currentTime", "-1", 0}, {"currentTime", "-1.001", -1}, {"currentTime", "1e10", 1e10},
		{"currentTime", "1e-7", 0}, {"currentTime", "1.0000000001e10", -1},
		{"watchedDuration", "-0.5", 0}, {"watchedDuration", "-1.001", -1},
		{"duration", "-0.01", 0}, {"duration", "-0.02", -1},
		{"watchedDelta", "-0.01", 0}, {"watchedDelta", "-0.02", -1}, {"watchedDelta", "-1e-320", 0}, {"watchedDelta", "1000001", -1},
		{"seekEvents", "-0.01", 0}, {"seekEvents", "-1", -1}, {"seekEvents", "2.9999999", 3}, {"seekEvents", "3.005", 3}, {"seekEvents", "2.5", -1},
		{"pauseEvents", "-0.0", 0}, {"pauseEvents", "1e6", 1e6}, {"pauseEvents", "1000000.01", -1},
		{"playbackSpeed", "0.25", 0.25}, {"playbackSpeed", "-0.001", -1}, {"playbackSpeed", "1e-7", 1e-7}, {"playbackSpeed", "100.5", -1},
	} {
		t.Run(c.field+" of "+c.number, func(t *testing.T) {
			q, u := decodeOne(t, with(c.field, c.number))
			if refused := q.Mistakes.Count > 0; refused != (c.want < 0) {
				t.Fatalf("refused: %v %v", refused, q.Mistakes.Listed)
			}
			if c.want < 0 {
				if e := q.Mistakes.Listed[0]; e.Field != c.field || e.Status != StatusInvalid {
					t.Errorf("%+v", e)
				}
				return
			}
			got := map[string]float64{
				"percentage": u.Percentage.Value, "currentTime": u.CurrentTime.Value, "watchedDuration": u.WatchedDuration.Value,
				"duration": u.Duration.Value, "watchedDelta": u.WatchedDelta.Value, "seekEvents": float64(u.SeekEvents),
				"pauseEvents": float64(u.PauseEvents), "playbackSpeed": u.PlaybackSpeed.Value,
			}[c.field]
			if got != c.want || math.Signbit(got) {
				t.Errorf("got %v, want %v", got, c.want)
			}
		})
	}
}

// Whatever a player reports at the end of a lesson completes it, if the error of
// its arithmetic is below a percent.
func TestARoundingNeverRefusesAnUpdate(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		duration := rapid.Float64Range(1, 1e5).Draw(t, "duration")
		position := duration * rapid.Float64Range(1-1e-9, 1.01).Draw(t, "share")
		start := -rapid.Float64Range(0, 1).Draw(t, "start")
		noise := rapid.Float64Range(-0.01, 0.01).Draw(t, "noise")
		number := func(n float64) string { return strconv.FormatFloat(n, 'g', -1, 64) }
		percentage := min(100*position/duration, 101)
		q, u := decodeOne(t, fmt.Sprintf(`{"userId":"u","courseId":"c","lessonId":"l","percentage":%s,"currentTime":%s,"duration":%s,`+
			`"watchedDuration":%s,"watchedDelta":%s,"seekEvents":%s}`,
			number(percentage), number(position), number(duration), number(start), number(noise), number(3+noise)))
		if q.Mistakes.Count > 0 {
			t.Fatal(q.Mistakes.Listed)
		}
		r := u.Record(testNow, 95)
		if r.Percentage < 99.9 || r.Percentage > 100 || !r.Completed || r.Watched != 0 || r.SeekEvents != 3 || r.TimeSpent < 0 {
			t.Fatalf("%+v", r)
		}
	})
}

func TestATimeInAnotherUnitIsRefusedWithAdvice(t *testing.T) {
	for name, c := range map[string]struct{ value, advice string }{
		"seconds":                             {"1793000000", "Unix seconds: send Unix milliseconds"},
		"seconds with a fraction":             {"1793000000.25", "Unix seconds: send Unix milliseconds"},
		"one":                                 {"1", "Unix seconds"},
		"zero":                                {"0", "leave the field out while it is not known"},
		"minus zero":                          {"-0.0", "leave the field out while it is not known"},
		"microseconds":                        {"1793000000000000", "microseconds or nanoseconds: send Unix milliseconds"},
		"nanoseconds":                         {"1793000000000000000", "microseconds or nanoseconds: send Unix milliseconds"},
		"more than any number":                {"1e999", "microseconds or nanoseconds"},
		"a negative number":                   {"-1", "before the year 2000"},
		"1973":                                {"100000000000", "before the year 2000"},
		"the last moment of 1999":             {"946684799999", "before the year 2000"},
		"a text of 1970":                      {`"1970-01-01T00:00:00Z"`, "before the year 2000"},
		"a text of 1999":                      {`"1999-12-31T23:59:59.999Z"`, "before the year 2000"},
		"a text of 1999 in a zone of 2000":    {`"2000-01-01T00:30:00+01:00"`, "before the year 2000"},
		"a text of year 1":                    {`"0001-01-01T00:00:00Z"`, "before the year 2000"},
		"eleven years ahead":                  {`"2037-03-02T10:00:00Z"`, "more than ten years ahead"},
		"eleven years ahead, in milliseconds": {"2119600800000", "more than ten years ahead"},
		"a number in quotes":                  {`"1793000000000"`, "a number without quotes"},
		"no zone":                             {`"2026-03-01T09:30:00"`, "a time with its zone"},
		"a space between date and time":       {`"2026-03-01 09:30:00Z"`, "RFC 3339"},
		"a date":                              {`"2026-03-01"`, "RFC 3339"},
		"true":                                {"true", "not a boolean"},
		"an array":                            {"[2026]", "not an array"},
	} {
		for _, field := range []string{"occurredAt", "sentAt"} {
			t.Run(name+" as "+field, func(t *testing.T) {
				q, _ := decodeOne(t, with(field, c.value))
				if len(q.Updates) != 0 || q.Mistakes.Count != 1 {
					t.Fatalf("%+v %+v", q.Updates, q.Mistakes.Listed)
				}
				e := q.Mistakes.Listed[0]
				if e.Field != field || e.Status != StatusInvalid || !strings.Contains(e.Detail, c.advice) {
					t.Errorf("%+v does not say %q", e, c.advice)
				}
			})
		}
	}
}

func TestATimeNearThePresentIsTaken(t *testing.T) {
	for name, c := range map[string]struct {
		value string
		want  string
	}{
		"the first moment":       {"946684800000", "2000-01-01T00:00:00Z"},
		"milliseconds":           {"1772359200123.5", "2026-03-01T10:00:00.1235Z"},
		"a clock a day ahead":    {"1772445600000", "2026-03-02T10:00:00Z"},
		"a clock nine years off": {`"2035-03-01T10:00:00Z"`, "2035-03-01T10:00:00Z"},
		"another zone":           {`"2026-03-01T11:00:00+01:00"`, "2026-03-01T10:00:00Z"},
		"in a float's notation":  {"1.7723592e12", "2026-03-01T10:00:00Z"},
	} {
		t.Run(name, func(t *testing.T) {
			q, u := decodeOne(t, with("occurredAt", c.value))
			if got := u.OccurredAt.Time().Format("2006-01-02T15:04:05.999999Z07:00"); q.Mistakes.Count > 0 || got != c.want {
				t.Errorf("got %s, want %s: %v", got, c.want, q.Mistakes.Listed)
			}
		})
	}
}
