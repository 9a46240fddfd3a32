package wire_test

import (
	"bytes"
	"encoding/hex"
	"os"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/progress-sync/progress-sync/sidecar/buffer"
	"github.com/progress-sync/progress-sync/sidecar/peers/wire"
	"github.com/progress-sync/progress-sync/sidecar/progress"
)

func TestWhatWasSeenArrivesAtItsUpdate(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		sent := wire.Batch{Number: 1}
		for range rapid.IntRange(1, 5).Draw(t, "updates") {
			u := anyUpdate(t)
			u.Leaving = rapid.Bool().Draw(t, "leaving")
			if rapid.Bool().Draw(t, "saw something") {
				from := rapid.Float64Range(0, 5000).Draw(t, "from")
				u.WatchedSegments = progress.SegmentsOf([][2]float64{{from, from + 100}}, rapid.Float64Range(0, 9000).Draw(t, "duration"))
			}
			sent.Updates = append(sent.Updates, u)
		}
		body, unhinted := encode(sent), plain(sent)
		if !bytes.HasPrefix(body, unhinted) {
			t.Fatal("the body for a peer that reads less is no beginning of it")
		}
		if most := len(unhinted) + (len(sent.Updates)+1)*(wire.MaxHintBytes+wire.MaxSeenBytes); len(body) > most {
			t.Fatalf("%d bytes, and at most %d were promised", len(body), most)
		}
		got, err := wire.Decode(body)
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(sent, got); diff != "" {
			t.Fatalf("what arrived is not what was sent:\n%s", diff)
		}
	})
}

// Two programs that read segments read each other's.
func TestSegmentsAreWrittenInTheSameWayInAllPrograms(t *testing.T) {
	b := hintedBatch()
	b.Updates[1].WatchedSegments = progress.SegmentsOf([][2]float64{{0, 12}, {1000, 1030}}, 1800)
	want, err := os.ReadFile("testdata/segments-1.hex")
	if err != nil {
		t.Fatal(err)
	}
	if got := hex.EncodeToString(encode(b)); got != strings.TrimSpace(string(want)) {
		t.Errorf("they are written as\n%s, and testdata/segments-1.hex has\n%s", got, want)
	}
}

// A sender that knows no segments takes an answer with some for none at all.
func TestAnAnswerForASenderThatReadsNoneHasNoSegments(t *testing.T) {
	results := []buffer.Result{{Record: filled[progress.Record]()}}
	got, err := wire.DecodeAnswer(wire.AppendResults(nil, wire.WithoutSegments(results)), 1)
	if err != nil {
		t.Fatal(err)
	}
	want := results[0].Record
	want.Key, want.Segments, want.LeftAt = progress.Key{}, progress.Segments{}, 0
	if diff := cmp.Diff(want, got[0].Record); diff != "" {
		t.Errorf("want -, got +:\n%s", diff)
	}
}
