package buffer

import (
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/progress-sync/progress-sync/sidecar/progress"
	"github.com/progress-sync/progress-sync/sidecar/spool"
)

func TestAStraySetFindsWhatIsInIt(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		s := newStraySet()
		var all []*stray
		arrived := progress.Instant(0)
		remove := func(gone []*stray) {
			all = slices.DeleteFunc(all, func(x *stray) bool { return slices.Contains(gone, x) })
		}
		someKey := func() progress.Key {
			k := key(rapid.IntRange(1, 3).Draw(t, "learner"))
			k.LessonID = rapid.SampledFrom([]string{"a", "b"}).Draw(t, "lesson")
			return k
		}
		t.Repeat(map[string]func(*rapid.T){
			"add": func(*rapid.T) {
				arrived++
				u := updateOf(someKey())
				x := newStray(&u, spool.KeyOf(u.Key), spool.EventID{byte(arrived), byte(arrived >> 8)}, arrived, progress.Completion{})
				s.add(x)
				all = append(all, x)
			},
			"remove": func(*rapid.T) {
				var gone []*stray
				for _, x := range all {
					if rapid.Bool().Draw(t, "this one") {
						gone = append(gone, x)
					}
				}
				s.remove(gone)
				remove(gone)
			},
			"take a key":     func(*rapid.T) { remove(s.takeKey([]byte(spool.KeyOf(someKey())))) },
			"take a learner": func(*rapid.T) { remove(s.takeLearner(someKey().UserID)) },
			"": func(*rapid.T) {
				checkStraySet(t, &s)
				f := Filter{UserID: rapid.SampledFrom([]string{"", key(1).UserID}).Draw(t, "user"), LessonID: rapid.SampledFrom([]string{"", "a"}).Draw(t, "of lesson")}
				want, newest := 0, progress.Instant(0)
				for _, x := range all {
					if f.matches(&x.Update.Key) {
						want, newest = want+1, max(newest, x.ID)
					}
				}
				got := 0
				s.each(f, func(_ spool.Key, found []*stray) { got += len(found) })
				if !slices.Equal(s.waiting, all) || got != want || s.newest(f) != newest {
					t.Fatalf("%d strays, want %d; %d match, want %d", len(s.waiting), len(all), got, want)
				}
			},
		})
	})
}

func TestAStrayMeansLaterWhatItMeantWhenItCame(t *testing.T) {
	const now = progress.Instant(1_772_359_200_000_000)
	base := progress.Update{Key: key(1), EventID: "e", Percentage: progress.Some(96)}
	with := func(edit func(*progress.Update)) progress.Update {
		u := base
		edit(&u)
		return u
	}
	for name, tt := range map[string]struct{ update, want progress.Update }{
		"one without a time happened when it arrived": {base, with(func(u *progress.Update) { u.OccurredAt, u.Completed = now, true })},
		"one from before keeps its time": {
			with(func(u *progress.Update) { u.OccurredAt, u.ReportedAt, u.SentAt = now-9, now-8, now-7 }),
			with(func(u *progress.Update) {
				u.OccurredAt, u.ReportedAt, u.SentAt, u.Completed = now-9, now-8, now-7, true
			}),
		},
		"one from ahead is pulled back as far as any other": {
			with(func(u *progress.Update) { u.OccurredAt = now + 60_000_000 }),
			with(func(u *progress.Update) { u.OccurredAt, u.Completed = now+5_000_000, true }),
		},
		"one that completes nothing does not": {
			with(func(u *progress.Update) { u.Percentage = progress.Some(94) }),
			with(func(u *progress.Update) { u.Percentage, u.OccurredAt = progress.Some(94), now }),
		},
	} {
		t.Run(name, func(t *testing.T) {
			x := newStray(&tt.update, spool.KeyOf(tt.update.Key), spool.EventID{1}, now, progress.Completion{Threshold: 95})
			if diff := cmp.Diff(tt.want, x.Update); diff != "" {
				t.Error(diff)
			}
			if want := tt.update.Record(now, 95); x.record(0) != want {
				t.Errorf("its record is another one: %s", cmp.Diff(want, x.record(0)))
			}
		})
	}
}
