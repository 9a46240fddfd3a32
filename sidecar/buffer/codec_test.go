package buffer

import (
	"bytes"
	"errors"
	"math"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/uuid"
	"pgregory.net/rapid"

	"github.com/progress-sync/progress-sync/sidecar/progress"
)

func anyInstant() *rapid.Generator[progress.Instant] {
	return rapid.OneOf(
		rapid.Just(progress.Instant(0)),
		rapid.Map(rapid.Int64Range(1_700_000_000_000_000, 1_800_000_000_000_000), func(i int64) progress.Instant {
			return progress.Instant(i)
		}),
		rapid.Map(rapid.Int64(), func(i int64) progress.Instant { return progress.Instant(i) }),
	)
}

func anyStamp(t *rapid.T) progress.Stamp {
	return progress.Stamp{At: anyInstant().Draw(t, "at"), Received: anyInstant().Draw(t, "received")}
}

func anyKey() *rapid.Generator[progress.Key] {
	return rapid.Custom(func(t *rapid.T) progress.Key {
		return progress.Key{
			UserID:   rapid.String().Draw(t, "user"),
			CourseID: rapid.StringN(0, 300, -1).Draw(t, "course"),
			LessonID: rapid.String().Draw(t, "lesson"),
		}
	})
}

func anyRecord() *rapid.Generator[progress.Record] {
	float := rapid.OneOf(rapid.Just(0.0), rapid.Just(math.Copysign(0, -1)), rapid.Float64())
	return rapid.Custom(func(t *rapid.T) progress.Record {
		return progress.Record{
			Generation:     anyInstant().Draw(t, "generation"),
			ModuleID:       rapid.String().Draw(t, "module"),
			Position:       float.Draw(t, "position"),
			MaxPosition:    float.Draw(t, "max position"),
			Duration:       float.Draw(t, "duration"),
			Percentage:     float.Draw(t, "percentage"),
			Watched:        float.Draw(t, "watched"),
			TimeSpent:      rapid.Int64().Draw(t, "time spent"),
			SeekEvents:     rapid.Int64().Draw(t, "seeks"),
			PauseEvents:    rapid.Int64().Draw(t, "pauses"),
			PlaybackSpeed:  float.Draw(t, "speed"),
			UpdateCount:    rapid.Int64().Draw(t, "updates"),
			ModuleStamp:    anyStamp(t),
			PositionStamp:  anyStamp(t),
			DurationStamp:  anyStamp(t),
			SpeedStamp:     anyStamp(t),
			Completed:      rapid.Bool().Draw(t, "completed"),
			CompletedAt:    anyInstant().Draw(t, "completed at"),
			FirstWatchedAt: anyInstant().Draw(t, "first"),
			LastWatchedAt:  anyInstant().Draw(t, "last"),
			ReceivedAt:     anyInstant().Draw(t, "received"),
		}
	})
}

func TestWhatIsEncodedIsDecoded(t *testing.T) {
	t.Run("pending record", rapid.MakeCheck(func(t *rapid.T) {
		want := anyRecord().Draw(t, "record")
		state := pendingState{due: rapid.Bool().Draw(t, "due"), opened: anyInstant().Draw(t, "opened")}
		var got progress.Record
		gotState, err := decodePending(appendPending(nil, state, &want), &got)
		if err != nil || got != want || gotState != state {
			t.Fatalf("%v\n%s", err, cmp.Diff(want, got))
		}
	}))
	t.Run("batch", rapid.MakeCheck(func(t *rapid.T) {
		want := rapid.SliceOfN(anyRecord(), 0, 5).Draw(t, "records")
		for i := range want {
			want[i].Key = anyKey().Draw(t, "key")
		}
		oldest := anyInstant().Draw(t, "oldest")
		gotOldest, got, err := decodeBatch(encodeBatch(oldest, want))
		if err != nil || !slices.Equal(got, want) || gotOldest != oldest {
			t.Fatalf("%v\n%s", err, cmp.Diff(want, got))
		}
	}))
	t.Run("key", rapid.MakeCheck(func(t *rapid.T) {
		want := anyKey().Draw(t, "key")
		if got, ok := splitDiskKey(string(appendDiskKey(nil, prefixPending, want))); !ok || got != want {
			t.Fatalf("%v %v", got, ok)
		}
	}))
	t.Run("lane, kept batch, dead letter and format", rapid.MakeCheck(func(t *rapid.T) {
		lane := laneState{
			next:     rapid.Uint64Min(1).Draw(t, "next"),
			applied:  rapid.Uint64().Draw(t, "applied"),
			received: anyInstant().Draw(t, "received"),
			frozen: rapid.SliceOf(rapid.Custom(func(t *rapid.T) frozenName {
				return frozenName{rapid.Uint64().Draw(t, "number"), rapid.Uint64().Draw(t, "id")}
			})).Draw(t, "frozen"),
		}
		gotLane, err := decodeLaneState(lane.encode())
		if err != nil || !slices.Equal(gotLane.frozen, lane.frozen) || gotLane.next != lane.next ||
			gotLane.applied != lane.applied || gotLane.received != lane.received {
			t.Fatalf("%v: %+v, want %+v", err, gotLane, lane)
		}
		kept := keptBatch{
			number: 7,
			prev:   rapid.Uint64().Draw(t, "prev"),
			at:     anyInstant().Draw(t, "at"),
		}
		if got, err := decodeKept(7, kept.encode()); err != nil || !cmp.Equal(got, kept, cmp.AllowUnexported(kept)) {
			t.Fatalf("%v: %+v, want %+v", err, got, kept)
		}
		letter := DeadLetter{
			ID:     rapid.Uint64().Draw(t, "id"),
			Reason: DeadLetterReason{SQLState: "22003", Constraint: rapid.String().Draw(t, "constraint")},
			Times:  rapid.Uint64().Draw(t, "times"),
			First:  anyInstant().Draw(t, "first"),
			Last:   anyInstant().Draw(t, "last"),
			Record: anyRecord().Draw(t, "record"),
		}
		letter.Record.Key = anyKey().Draw(t, "key")
		if got, err := decodeDeadLetter(letter.encode()); err != nil || got != letter {
			t.Fatalf("%v: %+v, want %+v", err, got, letter)
		}
		f := format{lanes: rapid.IntRange(1, maxLanes).Draw(t, "lanes"), writer: uuid.New()}
		if got, err := decodeFormat(f.encode()); err != nil || got != f {
			t.Fatalf("%v: %+v, want %+v", err, got, f)
		}
	}))
}

func TestASpoiledEntryIsRefused(t *testing.T) {
	whole := appendPending(nil, pendingState{}, &progress.Record{Position: 3, ModuleID: "m"})
	changed := func(i int, b byte) []byte {
		v := slices.Clone(whole)
		v[i] = b
		return v
	}
	tests := map[string]struct {
		value []byte
		want  error
	}{
		"nothing":                      {nil, errTruncated},
		"cut off":                      {whole[:len(whole)-1], errTruncated},
		"with something behind it":     {append(slices.Clone(whole), 0), errTrailing},
		"of a later version":           {changed(0, 9), errVersion},
		"with an unknown flag":         {changed(1, 2), errMalformed},
		"with a later record version":  {changed(10, 9), errVersion},
		"with parts nobody knows":      {slices.Replace(slices.Clone(whole), 11, 12, 0xff, 0x7f), errMalformed},
		"with a length beyond its end": {changed(20, 0x7f), errTruncated},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			var r progress.Record
			if _, err := decodePending(tt.value, &r); !errors.Is(err, tt.want) {
				t.Errorf("got %v, want %v", err, tt.want)
			}
		})
	}
}

// FuzzDecode feeds every decoder; what one accepts must survive another round.
func FuzzDecode(f *testing.F) {
	r := progress.Record{Key: key(1), ModuleID: "m", Position: 3, UpdateCount: 2, Completed: true}
	f.Add(appendPending(nil, pendingState{due: true, opened: 5}, &r))
	f.Add(encodeBatch(5, []progress.Record{r, r}))
	f.Add(laneState{next: 3, frozen: []frozenName{{1, 7}, {2, 8}}}.encode())
	f.Add(keptBatch{prev: 1, at: 2}.encode())
	f.Add((&DeadLetter{ID: 1, Record: r}).encode())
	f.Add(tombstone{at: 5, userID: "user-1"}.encode())
	f.Add(tombstone{at: 5, userID: "user-1", done: 6}.encode())
	f.Add(format{lanes: 2}.encode())
	f.Add(appendDiskKey(nil, prefixPending, r.Key))
	f.Fuzz(func(t *testing.T, value []byte) {
		var got progress.Record
		if s, err := decodePending(value, &got); err == nil {
			var again progress.Record
			s2, err := decodePending(appendPending(nil, s, &got), &again)
			if err != nil || s2 != s || !sameBits(got, again) {
				t.Errorf("pending: %v %+v %+v", err, got, again)
			}
		}
		if oldest, records, err := decodeBatch(value); err == nil {
			oldest2, again, err := decodeBatch(encodeBatch(oldest, records))
			if err != nil || oldest2 != oldest || !slices.EqualFunc(records, again, sameBits) {
				t.Errorf("batch: %v", err)
			}
		}
		if s, err := decodeLaneState(value); err == nil {
			if again, err := decodeLaneState(s.encode()); err != nil || !cmp.Equal(s, again, cmp.AllowUnexported(s, frozenName{})) {
				t.Errorf("lane: %v", err)
			}
		}
		if k, err := decodeKept(1, value); err == nil {
			if again, err := decodeKept(1, k.encode()); err != nil || !cmp.Equal(again, k, cmp.AllowUnexported(k)) {
				t.Errorf("kept: %v", err)
			}
		}
		if dl, err := decodeDeadLetter(value); err == nil {
			if again, err := decodeDeadLetter(dl.encode()); err != nil || !sameBits(dl.Record, again.Record) {
				t.Errorf("dead letter: %v", err)
			}
		}
		if ts, err := decodeTombstone(value); err == nil {
			if again, err := decodeTombstone(ts.encode()); err != nil || again != ts {
				t.Errorf("tombstone: %v", err)
			}
		}
		if fm, err := decodeFormat(value); err == nil {
			if again, err := decodeFormat(fm.encode()); err != nil || again != fm {
				t.Errorf("format: %v", err)
			}
		}
		if k, ok := splitDiskKey(string(value)); ok {
			if again, ok := splitDiskKey(string(appendDiskKey(nil, value[0], k))); !ok || again != k {
				t.Errorf("key: %v", again)
			}
		}
	})
}

// sameBits compares records in which numbers may be NaN.
func sameBits(a, b progress.Record) bool {
	return a.Key == b.Key && bytes.Equal(appendRecord(nil, &a), appendRecord(nil, &b))
}
