package truth

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"
)

var (
	lesson = Key{UserID: "u1", CourseID: "c1", LessonID: "l1"}
	other  = Key{UserID: "u2", CourseID: "c1", LessonID: "l1"}
	noon   = time.Date(2026, 5, 4, 12, 0, 0, 123_456_000, time.UTC)
)

func some(v float64) *float64 { return &v }

func at(seconds int) time.Time { return noon.Add(time.Duration(seconds) * time.Second) }

// watched is a heartbeat at the given second; delta tells updates apart.
func watched(second int, position, delta float64) Update {
	return Update{
		Key: lesson, ModuleID: "m1", CurrentTime: some(position), Duration: some(200), WatchedDuration: some(position / 2),
		WatchedDelta: some(delta), OccurredAt: at(second),
	}
}

// session is an account of four acknowledged updates that end the lesson.
func session() []Update {
	seek := watched(5, 30, 5.25)
	seek.SeekEvents, seek.PlaybackSpeed = 2, some(1.5)
	rewound := watched(15, 100, 5.5)
	rewound.PauseEvents = 1
	first := watched(0, 10, 5)
	first.WatchedSegments = [][2]float64{{5, 10}}
	return []Update{first, seek, watched(10, 190, 4.75), rewound}
}

// sessionRow is what the table must hold after session, written out by hand.
func sessionRow() Row {
	return Row{
		Key: lesson, ModuleID: "m1", Position: 100, MaxPosition: 190, Duration: 200, Percentage: 95, Watched: 95,
		Seen: Seen{"0000011111", 1}, TimeSpent: 20_500_000, SeekEvents: 2, PauseEvents: 1, PlaybackSpeed: 1.5, UpdateCount: 4,
		Completed: true, CompletedAt: at(10), FirstWatchedAt: at(0), LastWatchedAt: at(15),
	}
}

func accountOf(t interface{ Fatal(...any) }, acknowledged, uncertain, refused []Update) *Account {
	a := NewAccount()
	n := 0
	add := func(updates []Update, outcome Outcome) {
		for _, u := range updates {
			n++
			id := fmt.Sprint(n)
			if err := a.Record(Entry{ID: id, Update: &u}, Entry{ID: id, Outcome: outcome}); err != nil {
				t.Fatal(err)
			}
		}
	}
	add(acknowledged, Acknowledged)
	add(uncertain, "")
	add(refused, Refused)
	return a
}

func TestVerify(t *testing.T) {
	type want struct {
		lost, doubled int64
		wrong         int
		says          string
	}
	changed := func(change func(*Row)) []Row {
		r := sessionRow()
		change(&r)
		return []Row{r}
	}
	unanswered := watched(20, 120, 6.125)
	unanswered.SeekEvents = 1
	again := watched(22, 121, 6.25)
	with := func(u Update) func(*Row) {
		return func(r *Row) {
			r.UpdateCount++
			r.TimeSpent += int64(*u.WatchedDelta * 1e6)
			r.SeekEvents += u.SeekEvents
			r.Position, r.LastWatchedAt = *u.CurrentTime, u.OccurredAt
		}
	}
	tests := map[string]struct {
		uncertain, refused []Update
		rows               []Row
		want               want
	}{
		"a row that holds all of it is right": {rows: []Row{sessionRow()}},
		"the time zone that a row is read in plays no part": {
			rows: changed(func(r *Row) { r.CompletedAt = r.CompletedAt.In(time.FixedZone("", 7200)) }),
		},
		"a missing row is every update lost": {
			rows: nil, want: want{lost: 4, says: "no row"},
		},
		"one update too few is lost": {
			rows: changed(func(r *Row) { r.UpdateCount, r.TimeSpent = 3, 15_500_000 }),
			want: want{lost: 1, says: "update_count 3, want 4"},
		},
		"a batch written twice is doubled": {
			rows: changed(func(r *Row) { r.UpdateCount, r.TimeSpent, r.SeekEvents, r.PauseEvents = 8, 41_000_000, 4, 2 }),
			want: want{doubled: 4},
		},
		"one update counted while another is lost shows in the sums": {
			rows: changed(func(r *Row) { r.TimeSpent += 250_000 }),
			want: want{doubled: 1, says: "time_spent µs 20750000, want 20500000"},
		},
		"a lost seek alone is seen": {
			rows: changed(func(r *Row) { r.SeekEvents = 1 }), want: want{lost: 1},
		},
		"a doubled pause alone is seen": {
			rows: changed(func(r *Row) { r.PauseEvents = 2 }), want: want{doubled: 1},
		},
		"one sum too low and another too high is both": {
			rows: changed(func(r *Row) { r.SeekEvents, r.PauseEvents = 1, 2 }), want: want{lost: 1, doubled: 1},
		},
		"one microsecond is enough": {
			rows: changed(func(r *Row) { r.TimeSpent-- }), want: want{lost: 1},
		},
		"a position of an older update is wrong": {
			rows: changed(func(r *Row) { r.Position = 190 }), want: want{wrong: 1, says: "position_seconds 190, want 100"},
		},
		"a furthest position that fell is wrong": {
			rows: changed(func(r *Row) { r.MaxPosition = 100 }), want: want{wrong: 1, says: "max_position_seconds"},
		},
		"a wrong duration is wrong": {
			rows: changed(func(r *Row) { r.Duration = 0 }), want: want{wrong: 1, says: "duration_seconds"},
		},
		"a percentage that fell is wrong": {
			rows: changed(func(r *Row) { r.Percentage = 50 }), want: want{wrong: 1, says: "percentage"},
		},
		"a wrong watched time is wrong": {
			rows: changed(func(r *Row) { r.Watched = 94.5 }), want: want{wrong: 1, says: "watched_seconds"},
		},
		"a second that was seen and is not there is wrong": {
			rows: changed(func(r *Row) { r.Seen = Seen{"000001111", 1} }), want: want{wrong: 1, says: "watched {Bits:000001111 Step:1}"},
		},
		"a speed that was lost is wrong": {
			rows: changed(func(r *Row) { r.PlaybackSpeed = 0 }), want: want{wrong: 1, says: "playback_speed"},
		},
		"a wrong module is wrong": {
			rows: changed(func(r *Row) { r.ModuleID = "" }), want: want{wrong: 1, says: "module_id"},
		},
		"a completion that was lost is wrong": {
			rows: changed(func(r *Row) { r.Completed, r.CompletedAt = false, time.Time{} }),
			want: want{wrong: 1, says: "completed false, want true"},
		},
		"a completion at a later time is wrong": {
			rows: changed(func(r *Row) { r.CompletedAt = at(15) }), want: want{wrong: 1, says: "completed_at"},
		},
		"a first time that moved is wrong": {
			rows: changed(func(r *Row) { r.FirstWatchedAt = at(5) }), want: want{wrong: 1, says: "first_watched_at"},
		},
		"a last time that moved is wrong": {
			rows: changed(func(r *Row) { r.LastWatchedAt = at(10) }), want: want{wrong: 1, says: "last_watched_at"},
		},
		"a row that nobody asked for is wrong": {
			rows: []Row{sessionRow(), {Key: other, UpdateCount: 1}}, want: want{wrong: 1, says: "nobody sent"},
		},

		"an unanswered update may be missing": {
			uncertain: []Update{unanswered}, rows: []Row{sessionRow()},
		},
		"an unanswered update may be counted": {
			uncertain: []Update{unanswered}, rows: changed(with(unanswered)),
		},
		"either of two unanswered updates may be counted": {
			uncertain: []Update{unanswered, again}, rows: changed(with(again)),
		},
		"an unanswered update may not be counted twice": {
			uncertain: []Update{unanswered},
			rows:      changed(func(r *Row) { with(unanswered)(r); with(unanswered)(r) }),
			want:      want{doubled: 1, says: "update_count 6, want 4 to 5"},
		},
		"an unanswered update may not be counted in part": {
			uncertain: []Update{unanswered},
			rows:      changed(func(r *Row) { with(unanswered)(r); r.SeekEvents-- }),
			want:      want{wrong: 1, says: "no choice of the uncertain"},
		},
		"an unanswered update that is counted must also move the position": {
			uncertain: []Update{unanswered},
			rows:      changed(func(r *Row) { with(unanswered)(r); r.Position = 100 }),
			want:      want{wrong: 1, says: "position_seconds 100, want 120"},
		},
		"an unanswered update does not make up for a lost one": {
			uncertain: []Update{unanswered},
			rows:      changed(func(r *Row) { with(unanswered)(r); r.UpdateCount, r.TimeSpent = 4, r.TimeSpent-5_500_000 }),
			want:      want{wrong: 1},
		},
		"a refused update that is counted is doubled": {
			refused: []Update{unanswered}, rows: changed(with(unanswered)), want: want{doubled: 1},
		},
		"a refused update that is not counted is right": {
			refused: []Update{unanswered}, rows: []Row{sessionRow()},
		},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			report := accountOf(t, session(), tt.uncertain, tt.refused).Verify(tt.rows, Options{CompletionThresholdPercent: 95})
			got := want{report.Lost, report.Doubled, report.Wrong, tt.want.says}
			if got != tt.want {
				t.Errorf("got %+v, want %+v: %v", got, tt.want, report.Findings)
			}
			err := report.Err()
			if bad := tt.want.lost+tt.want.doubled+int64(tt.want.wrong) > 0; bad != (err != nil) {
				t.Errorf("the report's error is %v", err)
			}
			if err != nil && !strings.Contains(err.Error(), tt.want.says) {
				t.Errorf("%q does not say %q", err, tt.want.says)
			}
		})
	}
}

func TestVerifyOfNothingIsAnError(t *testing.T) {
	if err := NewAccount().Verify(nil, Options{}).Err(); err == nil {
		t.Error("an empty account and an empty table were found to be right")
	}
	onlyUncertain := accountOf(t, nil, session(), nil)
	if err := onlyUncertain.Verify(nil, Options{}).Err(); err == nil {
		t.Error("an account without an acknowledged update was found to be right")
	}
}

func TestVerifyGivesUpRatherThanApprove(t *testing.T) {
	alike := make([]Update, 60)
	for i := range alike {
		alike[i] = watched(20+i, 100, 5)
	}
	row := sessionRow()
	row.UpdateCount, row.TimeSpent = row.UpdateCount+30, row.TimeSpent+30*5_000_000
	row.Position = 1
	report := accountOf(t, session(), alike, nil).Verify([]Row{row}, Options{CompletionThresholdPercent: 95})
	if report.Wrong != 1 || !strings.Contains(report.Err().Error(), "too many") {
		t.Errorf("got %v", report.Err())
	}
}

// TestVerifyTellsExactlyWhatWasCounted lets a table count each update of a
// random account once, twice or not at all. Times spent are powers of three, of
// which no mix of lost and doubled ones adds up to nothing.
func TestVerifyTellsExactlyWhatWasCounted(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		var acknowledged, uncertain, counted []Update
		right := true
		spent := 1e-3
		for i := range rapid.IntRange(1, 12).Draw(t, "updates") {
			u := watched(i, rapid.Float64Range(0, 150).Draw(t, "position"), spent)
			spent *= 3
			u.SeekEvents = rapid.Int64Range(0, 2).Draw(t, "seeks")
			times := rapid.SampledFrom([]int{1, 1, 1, 1, 1, 0, 2}).Draw(t, "times")
			for range times {
				counted = append(counted, u)
			}
			if i > 0 && rapid.Bool().Draw(t, "unanswered") {
				uncertain = append(uncertain, u)
				right = right && times <= 1
			} else {
				acknowledged = append(acknowledged, u)
				right = right && times == 1
			}
		}
		var rows []Row
		if len(counted) > 0 {
			rows = append(rows, expect(lesson, counted, 95))
		}
		report := accountOf(t, acknowledged, uncertain, nil).Verify(rows, Options{CompletionThresholdPercent: 95})
		if err := report.Err(); right != (err == nil) {
			t.Fatalf("right is %t, the report says %v", right, err)
		}
	})
}
