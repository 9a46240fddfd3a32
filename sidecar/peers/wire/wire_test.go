package wire_test

import (
	"bytes"
	"encoding/hex"
	"errors"
	"fmt"
	"os"
	"reflect"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	"pgregory.net/rapid"

	"github.com/progress-sync/progress-sync/sidecar/buffer"
	"github.com/progress-sync/progress-sync/sidecar/peers/wire"
	"github.com/progress-sync/progress-sync/sidecar/progress"
)

// encode is the body for a peer that reads all that there is.
func encode(b wire.Batch) []byte {
	var hints []wire.Hint
	var seen []wire.Seen
	for i := range b.Updates {
		if h, has := wire.HintOf(i, &b.Updates[i]); has {
			hints = append(hints, h)
		}
		if s, has := wire.SeenIn(i, &b.Updates[i]); has {
			seen = append(seen, s)
		}
	}
	return wire.AppendSeen(wire.AppendHints(plain(b), hints), len(hints) > 0, seen)
}

// plain is the body without hints, which every sidecar of this version reads.
func plain(b wire.Batch) []byte {
	h := wire.Head{Sender: b.Sender, Number: b.Number, Kind: wire.Updates, Count: b.Len()}
	if len(b.Resets) > 0 {
		h.Kind = wire.Resets
	}
	body := wire.AppendHead(nil, h)
	for i := range b.Updates {
		body = wire.AppendUpdate(body, &b.Updates[i])
	}
	for _, k := range b.Resets {
		body = wire.AppendReset(body, k)
	}
	return body
}

// fill sets every member of a struct to something that is not zero.
func fill(v reflect.Value) {
	for i := range v.NumField() {
		if segments, is := reflect.TypeAssert[*progress.Segments](v.Field(i).Addr()); is {
			*segments = progress.SegmentsOf([][2]float64{{0, 12}, {1000, 1030}}, 1800)
			continue
		}
		switch f := v.Field(i); f.Kind() {
		case reflect.Struct:
			fill(f)
		case reflect.String:
			f.SetString("id ä " + fmt.Sprint(i))
		case reflect.Float64:
			f.SetFloat(1.5 + float64(i))
		case reflect.Int64:
			f.SetInt(1_772_359_200_000_000 + int64(i))
		case reflect.Bool:
			f.SetBool(true)
		default:
			panic("a member of a kind that this test does not know: " + f.Kind().String())
		}
	}
}

func filled[T any]() (v T) {
	fill(reflect.ValueOf(&v).Elem())
	return v
}

// What the codec leaves out is lost for every learner whose home is another pod.
func TestAnUpdateArrivesWithAllItsMembers(t *testing.T) {
	sent := wire.Batch{Sender: wire.Sender{1, 2}, Number: 7, Updates: []progress.Update{filled[progress.Update]()}}
	got, err := wire.Decode(encode(sent))
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(sent, got); diff != "" {
		t.Errorf("what arrived is not what was sent:\n%s", diff)
	}
}

func TestARecordIsAnsweredWithAllItsMembersButTheKeyAndTheDeparture(t *testing.T) {
	record := filled[progress.Record]()
	got, err := wire.DecodeAnswer(wire.AppendResults(nil, []buffer.Result{{Record: record}}), 1)
	if err != nil {
		t.Fatal(err)
	}
	record.Key, record.LeftAt = progress.Key{}, 0
	if diff := cmp.Diff(record, got[0].Record); diff != "" {
		t.Errorf("what arrived is not what was answered:\n%s", diff)
	}
}

// Two sidecars of one version that write differently lose updates during a rolling
// update. Whoever changes what is written raises wire.Version, and adds the file.
func TestWhatIsWrittenChangesOnlyWithTheVersion(t *testing.T) {
	batch := wire.Batch{Sender: wire.Sender{1, 2, 15: 16}, Number: 300, Updates: []progress.Update{filled[progress.Update](), {
		Key: progress.Key{UserID: "u", CourseID: "c", LessonID: "l"}, CurrentTime: progress.Some(0),
	}}}
	resets := wire.Batch{Number: 1, Resets: []progress.Key{{UserID: "u", CourseID: "cc", LessonID: "lll"}}}
	results := []buffer.Result{{Record: filled[progress.Record]()}, {Duplicate: true}, {Err: buffer.ErrFull}, {Err: buffer.ErrErased}, {Err: buffer.ErrRange}}
	var text bytes.Buffer
	for _, written := range [][]byte{
		plain(batch), plain(resets), wire.AppendResults(nil, wire.WithoutSegments(results)), wire.AppendError(nil, buffer.ErrNoSpace),
		wire.AppendError(nil, buffer.ErrClosed), wire.AppendError(nil, buffer.ErrFailed), wire.AppendError(nil, wire.ErrSuperseded),
	} {
		fmt.Fprintln(&text, hex.EncodeToString(written))
	}
	path := fmt.Sprintf("testdata/version-%d.hex", wire.Version)
	if os.Getenv("UPDATE_TESTDATA") != "" {
		if err := os.WriteFile(path, text.Bytes(), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(string(want), text.String()); diff != "" {
		t.Errorf("raise wire.Version, since this is not what sidecars of version %d write:\n%s", wire.Version, diff)
	}
}

func anyText(least int) *rapid.Generator[string] {
	return rapid.StringN(least, progress.MaxText, -1).Filter(func(s string) bool { return strings.ToValidUTF8(s, "") == s })
}

func anyKey(t *rapid.T) progress.Key {
	return progress.Key{UserID: anyText(1).Draw(t, "user"), CourseID: anyText(1).Draw(t, "course"), LessonID: anyText(1).Draw(t, "lesson")}
}

func anyUpdate(t *rapid.T) progress.Update {
	number := func(label string) progress.Number {
		if !rapid.Bool().Draw(t, label+" is set") {
			return progress.Number{}
		}
		return progress.Some(rapid.Float64().Draw(t, label))
	}
	instant := func(label string) progress.Instant { return progress.Instant(rapid.Int64().Draw(t, label)) }
	return progress.Update{
		Key: anyKey(t), ModuleID: anyText(0).Draw(t, "module"), EventID: anyText(0).Draw(t, "event"),
		CurrentTime: number("currentTime"), Duration: number("duration"), Percentage: number("percentage"),
		WatchedDuration: number("watchedDuration"), WatchedDelta: number("watchedDelta"), PlaybackSpeed: number("playbackSpeed"),
		SeekEvents: rapid.Int64().Draw(t, "seeks"), PauseEvents: rapid.Int64().Draw(t, "pauses"), Completed: rapid.Bool().Draw(t, "completed"),
		OccurredAt: instant("occurredAt"), SentAt: instant("sentAt"), ReportedAt: instant("reportedAt"),
	}
}

func TestEveryBatchArrivesAsItWasSent(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		sent := wire.Batch{Number: rapid.Uint64Min(1).Draw(t, "number")}
		copy(sent.Sender[:], rapid.SliceOfN(rapid.Byte(), 16, 16).Draw(t, "sender"))
		n := rapid.IntRange(1, 5).Draw(t, "items")
		resets := rapid.Bool().Draw(t, "are resets")
		for range n {
			if resets {
				sent.Resets = append(sent.Resets, anyKey(t))
			} else {
				sent.Updates = append(sent.Updates, anyUpdate(t))
			}
		}
		body := encode(sent)
		if most := wire.HeadBytes + n*wire.MaxUpdateBytes; len(body) > most {
			t.Fatalf("%d bytes, and at most %d were promised", len(body), most)
		}
		got, err := wire.Decode(body)
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(sent, got); diff != "" {
			t.Fatalf("what arrived is not what was sent:\n%s", diff)
		}
		for cut := range body {
			if _, err := wire.Decode(body[:cut]); err == nil {
				t.Fatalf("the first %d of %d bytes are taken for a batch", cut, len(body))
			}
		}
	})
}

func TestEveryAnswerArrivesAsItWasGiven(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		given := rapid.SliceOfN(rapid.Custom(func(t *rapid.T) buffer.Result {
			r := buffer.Result{
				Duplicate: rapid.Bool().Draw(t, "duplicate"),
				Err:       rapid.SampledFrom([]error{nil, buffer.ErrFull, buffer.ErrErased, buffer.ErrRange}).Draw(t, "error"),
			}
			if rapid.Bool().Draw(t, "has a record") {
				r.Record = anyUpdate(t).Record(1_772_359_200_000_000, 95)
				r.Record.Key = progress.Key{}
			}
			return r
		}), 0, 5).Draw(t, "results")
		answer := wire.AppendResults(nil, given)
		got, err := wire.DecodeAnswer(answer, len(given))
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(given, got, cmpopts.EquateErrors(), cmpopts.EquateEmpty()); diff != "" {
			t.Fatalf("what arrived is not what was given:\n%s", diff)
		}
		var wrong *wire.AnswerError
		if _, err := wire.DecodeAnswer(answer, len(given)+1); !errors.As(err, &wrong) {
			t.Fatalf("results for another number of items: %v", err)
		}
	})
}

func TestAnErrorOfTheWholeBatchArrives(t *testing.T) {
	for _, err := range []error{buffer.ErrNoSpace, buffer.ErrClosed, buffer.ErrFailed, wire.ErrSuperseded} {
		answer := wire.AppendError(nil, fmt.Errorf("writing: %w", err))
		if _, got := wire.DecodeAnswer(answer, 3); !errors.Is(got, err) {
			t.Errorf("%v arrives as %v", err, got)
		}
	}
	if _, got := wire.DecodeAnswer(wire.AppendError(nil, errors.New("unheard of")), 3); !errors.Is(got, buffer.ErrFailed) {
		t.Errorf("an unknown error arrives as %v: then the batch may have been taken", got)
	}
}

func TestWhatIsNoBatchIsRefused(t *testing.T) {
	key := progress.Key{UserID: "u", CourseID: "c", LessonID: "l"}
	good := encode(wire.Batch{Number: 1, Updates: []progress.Update{{Key: key}}})
	for name, body := range map[string][]byte{
		"nothing":              nil,
		"another version":      append([]byte{wire.Version + 1}, good[1:]...),
		"bytes behind its end": append(bytes.Clone(good), 0),
		"number 0":             encode(wire.Batch{Updates: []progress.Update{{Key: key}}}),
		"no items":             wire.AppendHead(nil, wire.Head{Number: 1, Kind: wire.Updates}),
		"an unknown kind":      append(wire.AppendHead(nil, wire.Head{Number: 1, Kind: 3, Count: 1}), make([]byte, 50)...),
		"more items than bytes": append(wire.AppendHead(nil, wire.Head{Number: 1, Kind: wire.Updates, Count: 9_999}),
			make([]byte, 9_999)...),
		"more items than allowed":  append(wire.AppendHead(nil, wire.Head{Number: 1, Kind: wire.Resets, Count: wire.MaxItems + 1}), make([]byte, 1<<20)...),
		"a body that is too large": make([]byte, wire.MaxBody+1),
		"a learner without an id":  encode(wire.Batch{Number: 1, Updates: []progress.Update{{Key: progress.Key{CourseID: "course", LessonID: "lesson"}}}}),
		"a text that is too long":  encode(wire.Batch{Number: 1, Resets: []progress.Key{{UserID: strings.Repeat("x", 1021), CourseID: "c", LessonID: "l"}}}),
		"a text that is not UTF-8": encode(wire.Batch{Number: 1, Resets: []progress.Key{{UserID: "\xff", CourseID: "c", LessonID: "l"}}}),
		"a letter across two texts": encode(wire.Batch{Number: 1, Resets: []progress.Key{{
			UserID: "u\xc3", CourseID: "\xa4", LessonID: "l"}}}),
	} {
		t.Run(name, func(t *testing.T) {
			if _, err := wire.Decode(body); err == nil {
				t.Error("it is taken")
			}
		})
	}
}

// A length that is believed takes as much memory as a peer likes to write.
func TestALengthThatIsALieTakesNoMemory(t *testing.T) {
	head := wire.AppendHead(nil, wire.Head{Number: 1, Kind: wire.Updates, Count: wire.MaxItems})
	answer := []byte{wire.Version, 0, 0x90, 0x4e} // 10,000 results
	allocated := testing.Benchmark(func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			_, _ = wire.Decode(head)
			_, _ = wire.DecodeAnswer(answer, wire.MaxItems)
		}
	}).AllocedBytesPerOp()
	if allocated > 4096 {
		t.Errorf("%d bytes are allocated for a body of %d and an answer of %d", allocated, len(head), len(answer))
	}
}

func TestTheLongestAnswerMayBeAnswered(t *testing.T) {
	r := filled[progress.Record]()
	r.ModuleID = strings.Repeat("😀", progress.MaxText)
	results := make([]buffer.Result, wire.MaxItems)
	for i := range results {
		results[i].Record = r
	}
	if n := len(wire.AppendResults(nil, results)); n > wire.MaxAnswer {
		t.Errorf("%d bytes, and at most %d are read", n, wire.MaxAnswer)
	}
}

func FuzzDecode(f *testing.F) {
	f.Add(encode(wire.Batch{Number: 7, Updates: []progress.Update{filled[progress.Update]()}}))
	f.Add(encode(wire.Batch{Number: 7, Resets: []progress.Key{{UserID: "u", CourseID: "c", LessonID: "l"}}}))
	f.Fuzz(func(t *testing.T, body []byte) {
		b, err := wire.Decode(body)
		if err != nil {
			return
		}
		again, err := wire.Decode(encode(b))
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(b, again); diff != "" {
			t.Errorf("what was decoded is encoded as something else:\n%s", diff)
		}
	})
}

func FuzzDecodeAnswer(f *testing.F) {
	f.Add(wire.AppendResults(nil, []buffer.Result{{Record: filled[progress.Record]()}, {Err: buffer.ErrFull}}), 2)
	f.Add(wire.AppendError(nil, buffer.ErrNoSpace), 1)
	f.Fuzz(func(t *testing.T, answer []byte, items int) {
		results, err := wire.DecodeAnswer(answer, items)
		if err != nil {
			return
		}
		written := wire.AppendResults(nil, results)
		again, err := wire.DecodeAnswer(written, items)
		if err != nil {
			t.Fatal(err)
		}
		// Numbers that are not comparable are compared as they are written.
		if !bytes.Equal(written, wire.AppendResults(nil, again)) {
			t.Error("what was decoded is encoded as something else")
		}
	})
}

func heartbeats(n int) (b wire.Batch, results []buffer.Result) {
	b.Number = 1
	for i := range n {
		u := progress.Update{
			Key:      progress.Key{UserID: fmt.Sprint("user-", i), CourseID: "course-12", LessonID: "lesson-7"},
			ModuleID: "module-3", EventID: fmt.Sprint("0195a3c2-7c3e-7000-8000-", i), CurrentTime: progress.Some(12.5), Duration: progress.Some(600),
			WatchedDelta: progress.Some(5), PlaybackSpeed: progress.Some(1), OccurredAt: 1_772_359_200_000_000,
		}
		b.Updates = append(b.Updates, u)
		results = append(results, buffer.Result{Record: u.Record(1_772_359_200_000_000, 95)})
	}
	return b, results
}

// BenchmarkBatch is a batch of heartbeats there and back; ns/item is an update's.
func BenchmarkBatch(b *testing.B) {
	for _, n := range []int{1, 64, 1000} {
		b.Run(fmt.Sprint(n), func(b *testing.B) {
			batch, results := heartbeats(n)
			var body, answer []byte
			b.ReportAllocs()
			for b.Loop() {
				body = wire.AppendHead(body[:0], wire.Head{Number: 1, Kind: wire.Updates, Count: n})
				for i := range batch.Updates {
					body = wire.AppendUpdate(body, &batch.Updates[i])
				}
				if _, err := wire.Decode(body); err != nil {
					b.Fatal(err)
				}
				answer = wire.AppendResults(answer[:0], results)
				if _, err := wire.DecodeAnswer(answer, n); err != nil {
					b.Fatal(err)
				}
			}
			b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N*n), "ns/item")
			b.ReportMetric(float64(len(body))/float64(n), "B/item")
		})
	}
}
