package spool

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

func anyUpdate() *rapid.Generator[progress.Update] {
	return rapid.Custom(func(t *rapid.T) progress.Update {
		number := func(name string) progress.Number {
			if rapid.Bool().Draw(t, name+" is set") {
				return progress.Some(rapid.Float64().Draw(t, name))
			}
			return progress.Number{}
		}
		return progress.Update{
			Key: anyKey().Draw(t, "key"), ModuleID: rapid.String().Draw(t, "module"), EventID: rapid.String().Draw(t, "event"),
			CurrentTime: number("position"), Duration: number("duration"), Percentage: number("percentage"),
			WatchedDuration: number("watched"), WatchedDelta: number("delta"), PlaybackSpeed: number("speed"),
			SeekEvents: rapid.Int64().Draw(t, "seeks"), PauseEvents: rapid.Int64().Draw(t, "pauses"),
			Completed: rapid.Bool().Draw(t, "completed"), OccurredAt: anyInstant().Draw(t, "occurred"),
			SentAt: anyInstant().Draw(t, "sent"), ReportedAt: anyInstant().Draw(t, "reported"),
		}
	})
}

func TestWhatIsEncodedIsDecoded(t *testing.T) {
	t.Run("pending record", rapid.MakeCheck(func(t *rapid.T) {
		want := anyRecord().Draw(t, "record")
		pending := Pending{Due: rapid.Bool().Draw(t, "due"), Opened: anyInstant().Draw(t, "opened"), Record: want}
		var got Pending
		err := decodePending(pending.encode(nil), &got)
		if err != nil || got != pending {
			t.Fatalf("%v\n%s", err, cmp.Diff(pending, got))
		}
	}))
	t.Run("batch", rapid.MakeCheck(func(t *rapid.T) {
		want := rapid.SliceOfN(anyRecord(), 0, 5).Draw(t, "records")
		for i := range want {
			want[i].Key = anyKey().Draw(t, "key")
		}
		oldest := anyInstant().Draw(t, "oldest")
		got, err := EncodeBatch(Batch{Oldest: oldest, Records: want}).Decode()
		if err != nil || !slices.Equal(got.Records, want) || got.Oldest != oldest {
			t.Fatalf("%v\n%s", err, cmp.Diff(want, got.Records))
		}
	}))
	t.Run("key", rapid.MakeCheck(func(t *rapid.T) {
		want := anyKey().Draw(t, "key")
		if got, ok := KeyOf(want).Split(); !ok || got != want {
			t.Fatalf("%v %v", got, ok)
		}
	}))
	t.Run("stray", rapid.MakeCheck(func(t *rapid.T) {
		want := Stray{ID: anyInstant().Draw(t, "id"), Update: anyUpdate().Draw(t, "update")}
		name := strayName(want.ID)
		got, err := decodeStray(string(name[:]), want.encode(nil))
		if err != nil || got != want {
			t.Fatalf("%v\n%s", err, cmp.Diff(want, got))
		}
	}))
	t.Run("sender", rapid.MakeCheck(func(t *rapid.T) {
		want := Sender{Number: rapid.Uint64().Draw(t, "number"), Seen: anyInstant().Draw(t, "seen")}
		for end := 0; rapid.Bool().Draw(t, "another run"); {
			u := Unmerged{
				First: end + rapid.IntRange(0, 1000).Draw(t, "gap"), Count: rapid.IntRange(1, 1000).Draw(t, "count"),
				Reason: UnmergedReason(rapid.IntRange(1, 4).Draw(t, "reason")),
			}
			want.Unmerged, end = append(want.Unmerged, u), u.First+u.Count
		}
		name := senderName(SenderID{1, 2})
		id, got, err := decodeSender(string(name[:]), want.encode(nil))
		if err != nil || id != (SenderID{1, 2}) || !cmp.Equal(want, got) {
			t.Fatalf("%v %x\n%s", err, id, cmp.Diff(want, got))
		}
	}))
	t.Run("lane, kept batch, dead letter and format", rapid.MakeCheck(func(t *rapid.T) {
		lane := Lane{
			Next:     rapid.Uint64Min(1).Draw(t, "next"),
			Applied:  rapid.Uint64().Draw(t, "applied"),
			Received: anyInstant().Draw(t, "received"),
			Frozen: rapid.SliceOf(rapid.Custom(func(t *rapid.T) BatchName {
				return BatchName{rapid.Uint64().Draw(t, "number"), rapid.Uint64().Draw(t, "id")}
			})).Draw(t, "frozen"),
		}
		gotLane, err := decodeLane(lane.encode(nil))
		if err != nil || !slices.Equal(gotLane.Frozen, lane.Frozen) || gotLane.Next != lane.Next ||
			gotLane.Applied != lane.Applied || gotLane.Received != lane.Received {
			t.Fatalf("%v: %+v, want %+v", err, gotLane, lane)
		}
		kept := Kept{
			Prev:  rapid.Uint64().Draw(t, "prev"),
			At:    anyInstant().Draw(t, "at"),
			Bytes: rapid.Int64Range(0, 1<<40).Draw(t, "bytes"),
		}
		if got, err := decodeKept(kept.encode(nil)); err != nil || got != kept {
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
		if got, err := decodeDeadLetter(letter.encode(nil)); err != nil || got != letter {
			t.Fatalf("%v: %+v, want %+v", err, got, letter)
		}
		f := Format{Lanes: rapid.IntRange(1, MaxLanes).Draw(t, "lanes"), Writer: uuid.New()}
		if got, err := decodeFormat(f.encode(nil)); err != nil || got != f {
			t.Fatalf("%v: %+v, want %+v", err, got, f)
		}
	}))
}

func TestASpoiledEntryIsRefused(t *testing.T) {
	whole := (&Pending{Record: progress.Record{Position: 3, ModuleID: "m"}}).encode(nil)
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
		"with parts nobody knows":      {slices.Replace(slices.Clone(whole), 11, 12, 0xff, 0xff, 0xff, 0x7f), errMalformed},
		"with a length beyond its end": {changed(20, 0x7f), errTruncated},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			var p Pending
			if err := decodePending(tt.value, &p); !errors.Is(err, tt.want) {
				t.Errorf("got %v, want %v", err, tt.want)
			}
		})
	}
}

// FuzzDecode feeds every decoder; what one accepts must survive another round.
func FuzzDecode(f *testing.F) {
	k := progress.Key{UserID: "user-1", CourseID: "course", LessonID: "lesson"}
	r := progress.Record{Key: k, ModuleID: "m", Position: 3, UpdateCount: 2, Completed: true}
	f.Add((&Pending{Due: true, Opened: 5, Record: r}).encode(nil))
	f.Add([]byte(EncodeBatch(Batch{Oldest: 5, Records: []progress.Record{r, r}})))
	f.Add(Lane{Next: 3, Frozen: []BatchName{{1, 7}, {2, 8}}}.encode(nil))
	f.Add(Kept{Prev: 1, At: 2, Bytes: 3}.encode(nil))
	f.Add((&DeadLetter{ID: 1, Record: r}).encode(nil))
	f.Add(Tombstone{At: 5, UserID: "user-1"}.encode(nil))
	f.Add(Tombstone{At: 5, UserID: "user-1", Done: 6}.encode(nil))
	f.Add(Format{Lanes: 2}.encode(nil))
	f.Add([]byte(KeyOf(k)))
	f.Add(EventHandedOn.encode(nil))
	f.Fuzz(func(t *testing.T, value []byte) {
		var p, pendingAgain Pending
		if err := decodePending(value, &p); err == nil {
			err := decodePending(p.encode(nil), &pendingAgain)
			if err != nil || pendingAgain.Due != p.Due || pendingAgain.Opened != p.Opened || !sameBits(p.Record, pendingAgain.Record) {
				t.Errorf("pending: %v %+v %+v", err, p, pendingAgain)
			}
		}
		if b, err := EncodedBatch(value).Decode(); err == nil {
			again, err := EncodeBatch(b).Decode()
			if err != nil || again.Oldest != b.Oldest || !slices.EqualFunc(b.Records, again.Records, sameBits) {
				t.Errorf("batch: %v", err)
			}
		}
		if l, err := decodeLane(value); err == nil {
			if again, err := decodeLane(l.encode(nil)); err != nil || !cmp.Equal(l, again) {
				t.Errorf("lane: %v", err)
			}
		}
		if k, err := decodeKept(value); err == nil {
			if again, err := decodeKept(k.encode(nil)); err != nil || again != k {
				t.Errorf("kept: %v", err)
			}
		}
		if dl, err := decodeDeadLetter(value); err == nil {
			if again, err := decodeDeadLetter(dl.encode(nil)); err != nil || !sameBits(dl.Record, again.Record) {
				t.Errorf("dead letter: %v", err)
			}
		}
		if ts, err := decodeTombstone(value); err == nil {
			if again, err := decodeTombstone(ts.encode(nil)); err != nil || again != ts {
				t.Errorf("tombstone: %v", err)
			}
		}
		if kind, err := decodeEventKind(value); err == nil && !bytes.Equal(kind.encode(nil), value) {
			t.Errorf("event: %x is read as %d", value, kind)
		}
		if fm, err := decodeFormat(value); err == nil {
			if again, err := decodeFormat(fm.encode(nil)); err != nil || again != fm {
				t.Errorf("format: %v", err)
			}
		}
		if k, ok := Key(value).Split(); ok {
			if again, ok := KeyOf(k).Split(); !ok || again != k {
				t.Errorf("key: %v", again)
			}
		}
	})
}

// sameBits compares records in which numbers may be NaN.
func sameBits(a, b progress.Record) bool {
	return a.Key == b.Key && bytes.Equal(appendRecord(nil, &a), appendRecord(nil, &b))
}
