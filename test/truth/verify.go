package truth

import (
	"cmp"
	"errors"
	"fmt"
	"math"
	"slices"
	"strings"
	"time"
)

// Options of a comparison.
type Options struct {
	// CompletionThresholdPercent of the policy; 0 for none.
	CompletionThresholdPercent float64
}

// Report is the result of comparing an account with the table.
type Report struct {
	// Keys that were compared, in the account or in the table.
	Keys int
	// Acknowledged and Uncertain updates of the account.
	Acknowledged, Uncertain int64
	// Lost is the number of acknowledged updates that are missing, Doubled
	// that of updates counted more often than sent; at least, where only a sum
	// gives it away.
	Lost, Doubled int64
	// Wrong is the number of keys that hold another value than they should,
	// or should not be there.
	Wrong int
	// Findings explain the above, sorted by key.
	Findings []Finding
}

// Finding is what is not as it should be with one key.
type Finding struct {
	Key    Key
	Kind   string // lost, doubled or wrong
	Detail string
}

// String names the key and what is the matter with it.
func (f Finding) String() string {
	return fmt.Sprintf("%s: %s/%s/%s: %s", f.Kind, f.Key.UserID, f.Key.CourseID, f.Key.LessonID, f.Detail)
}

// Err is nil if every key is as it should be. Comparing nothing is an error
// too, since it shows nothing.
func (r Report) Err() error {
	switch {
	case r.Keys == 0 || r.Acknowledged == 0:
		return errors.New("nothing to compare: no update was acknowledged")
	case len(r.Findings) == 0:
		return nil
	}
	lines := []string{fmt.Sprintf("%d keys compared: %d updates lost, %d doubled, %d keys wrong", r.Keys, r.Lost, r.Doubled, r.Wrong)}
	const shown = 10
	for i, f := range r.Findings {
		if i == shown {
			lines = append(lines, fmt.Sprintf("and %d more", len(r.Findings)-shown))
			break
		}
		lines = append(lines, f.String())
	}
	return errors.New(strings.Join(lines, "\n  "))
}

// Verify compares all that was sent with all rows of the table.
func (a *Account) Verify(rows []Row, options Options) Report {
	a.mu.Lock()
	defer a.mu.Unlock()
	var report Report
	held := make(map[Key]Row, len(rows))
	for _, row := range rows {
		held[row.Key] = row
	}
	for key, attempts := range a.keys {
		acknowledged, uncertain := split(attempts)
		row, there := held[key]
		delete(held, key)
		if len(acknowledged)+len(uncertain) == 0 && !there {
			continue
		}
		report.Keys++
		report.Acknowledged += int64(len(acknowledged))
		report.Uncertain += int64(len(uncertain))
		report.compare(key, acknowledged, uncertain, row, there, options.CompletionThresholdPercent)
		if n := len(report.Findings); n > 0 && report.Findings[n-1].Key == key {
			report.Findings[n-1].Detail += again(attempts, row.sums(), sumsOf(acknowledged...).plus(sumsOf(uncertain...)))
		}
	}
	for key := range held {
		report.Keys++
		report.wrong(key, "a row that nobody sent an update for")
	}
	slices.SortFunc(report.Findings, func(a, b Finding) int {
		return cmp.Or(cmp.Compare(a.Key.UserID, b.Key.UserID), cmp.Compare(a.Key.CourseID, b.Key.CourseID),
			cmp.Compare(a.Key.LessonID, b.Key.LessonID), cmp.Compare(a.Kind, b.Kind))
	})
	return report
}

func (r *Report) compare(key Key, acknowledged, uncertain []Update, row Row, there bool, threshold float64) {
	if !there {
		if n := int64(len(acknowledged)); n > 0 {
			r.lost(key, n, fmt.Sprintf("no row, %d updates acknowledged", n))
		}
		return
	}
	least := sumsOf(acknowledged...)
	most := least.plus(sumsOf(uncertain...))
	got := row.sums()
	if !least.within(got) || !got.within(most) {
		if n := missing(least, got); n > 0 {
			r.lost(key, n, outside(got, least, most))
		}
		if n := missing(got, most); n > 0 {
			r.doubled(key, n, outside(got, least, most))
		}
		return
	}

	var nearest []string
	fits, undecided := eachSubset(uncertain, got, least, func(counted []Update) bool {
		differences := differences(row, expect(key, append(slices.Clone(acknowledged), counted...), threshold))
		if nearest == nil || len(differences) < len(nearest) {
			nearest = differences
		}
		return len(differences) == 0
	})
	switch {
	case fits:
	case undecided:
		r.wrong(key, fmt.Sprintf("%d uncertain updates are too many to compare", len(uncertain)))
	case nearest == nil:
		r.wrong(key, "no choice of the uncertain updates gives these sums: "+outside(got, least, most))
	default:
		r.wrong(key, strings.Join(nearest, ", "))
	}
}

// again names the update that accounts by itself for what a row has too much.
func again(attempts []*attempt, got, most sums) string {
	for _, t := range attempts {
		if most.plus(sumsOf(t.update)) == got {
			return fmt.Sprintf(", as if %s was counted twice", t.id)
		}
	}
	return ""
}

// missing is how many updates got lacks to reach least: by their count, or one
// if only another sum is too low.
func missing(least, got sums) int64 {
	if least.within(got) {
		return 0
	}
	return max(1, least.count-got.count)
}

func outside(got, least, most sums) string {
	var parts []string
	for _, f := range []struct {
		name             string
		got, least, most int64
	}{
		{"update_count", got.count, least.count, most.count},
		{"time_spent µs", got.timeSpent, least.timeSpent, most.timeSpent},
		{"seek_events", got.seeks, least.seeks, most.seeks},
		{"pause_events", got.pauses, least.pauses, most.pauses},
	} {
		want := fmt.Sprint(f.least)
		if f.most != f.least {
			want = fmt.Sprintf("%d to %d", f.least, f.most)
		}
		parts = append(parts, fmt.Sprintf("%s %d, want %s", f.name, f.got, want))
	}
	return strings.Join(parts, ", ")
}

// tolerance is for the percentage, a quotient that two programs may round
// differently; other numbers pass through unchanged and are far coarser.
const tolerance = 1e-9

func differences(got, want Row) []string {
	var d []string
	number := func(name string, got, want float64) {
		if math.Abs(got-want) > tolerance*math.Max(1, math.Abs(want)) {
			d = append(d, fmt.Sprintf("%s %v, want %v", name, got, want))
		}
	}
	instant := func(name string, got, want time.Time) {
		if !got.Equal(want) {
			d = append(d, fmt.Sprintf("%s %s, want %s", name, got.Format(time.RFC3339Nano), want.Format(time.RFC3339Nano)))
		}
	}
	if got.ModuleID != want.ModuleID {
		d = append(d, fmt.Sprintf("module_id %q, want %q", got.ModuleID, want.ModuleID))
	}
	number("position_seconds", got.Position, want.Position)
	number("max_position_seconds", got.MaxPosition, want.MaxPosition)
	number("duration_seconds", got.Duration, want.Duration)
	number("percentage", got.Percentage, want.Percentage)
	number("watched_seconds", got.Watched, want.Watched)
	if got.Seen != want.Seen {
		d = append(d, fmt.Sprintf("watched %+v, want %+v", got.Seen, want.Seen))
	}
	number("playback_speed", got.PlaybackSpeed, want.PlaybackSpeed)
	if got.sums() != want.sums() {
		d = append(d, outside(got.sums(), want.sums(), want.sums()))
	}
	if got.Completed != want.Completed {
		d = append(d, fmt.Sprintf("completed %t, want %t", got.Completed, want.Completed))
	}
	instant("completed_at", got.CompletedAt, want.CompletedAt)
	instant("first_watched_at", got.FirstWatchedAt, want.FirstWatchedAt)
	instant("last_watched_at", got.LastWatchedAt, want.LastWatchedAt)
	return d
}

func (r *Report) lost(key Key, n int64, detail string) {
	r.Lost += n
	r.Findings = append(r.Findings, Finding{key, "lost", detail})
}

func (r *Report) doubled(key Key, n int64, detail string) {
	r.Doubled += n
	r.Findings = append(r.Findings, Finding{key, "doubled", detail})
}

func (r *Report) wrong(key Key, detail string) {
	r.Wrong++
	r.Findings = append(r.Findings, Finding{key, "wrong", detail})
}
