package wire_test

import (
	"bytes"
	"encoding/hex"
	"os"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/progress-sync/progress-sync/sidecar/peers/wire"
	"github.com/progress-sync/progress-sync/sidecar/progress"
)

// A hint that comes to another update has that one written early, and leaves the
// learner who went away to the interval.
func TestEveryHintArrivesAtItsUpdate(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		sent, hinted := wire.Batch{Number: 1}, false
		for range rapid.IntRange(1, 5).Draw(t, "updates") {
			u := anyUpdate(t)
			u.Leaving = rapid.Bool().Draw(t, "leaving")
			if rapid.Bool().Draw(t, "is in a hurry") {
				u.SyncWithin = progress.Some(rapid.Float64Range(0.1, 86_400).Draw(t, "syncWithin"))
			}
			hinted = hinted || u.Leaving || u.SyncWithin.Set
			u.WatchedSegments = progress.Segments{}
			sent.Updates = append(sent.Updates, u)
		}
		body, unhinted := encode(sent), plain(sent)
		if !bytes.HasPrefix(body, unhinted) || hinted == (len(body) == len(unhinted)) {
			t.Fatal("the body without hints is no beginning of the one with them")
		}
		if most := len(unhinted) + (len(sent.Updates)+1)*wire.MaxHintBytes; len(body) > most {
			t.Fatalf("%d bytes, and at most %d were promised", len(body), most)
		}
		got, err := wire.Decode(body)
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(sent, got); diff != "" {
			t.Fatalf("what arrived is not what was sent:\n%s", diff)
		}
		for cut := len(unhinted) + 1; cut < len(body); cut++ {
			if _, err := wire.Decode(body[:cut]); err == nil {
				t.Fatalf("hints of which %d bytes are missing are taken", len(body)-cut)
			}
		}
	})
}

func hintedBatch() wire.Batch {
	b := wire.Batch{Sender: wire.Sender{1, 2, 15: 16}, Number: 300}
	for _, user := range []string{"a", "b", "c"} {
		b.Updates = append(b.Updates, progress.Update{Key: progress.Key{UserID: user, CourseID: "c", LessonID: "l"}})
	}
	b.Updates[0].Leaving = true
	b.Updates[2].Leaving, b.Updates[2].SyncWithin = true, progress.Some(30)
	return b
}

// Two programs that read hints read each other's.
func TestHintsAreWrittenInTheSameWayInAllPrograms(t *testing.T) {
	want, err := os.ReadFile("testdata/hints-1.hex")
	if err != nil {
		t.Fatal(err)
	}
	if got := hex.EncodeToString(encode(hintedBatch())); got != strings.TrimSpace(string(want)) {
		t.Errorf("hints are written as\n%s, and testdata/hints-1.hex has\n%s", got, want)
	}
}

// A rolling upgrade has sidecars of both kinds. What one that knows no hints writes
// is in testdata/version-1.hex, and is read here.
func TestABatchOfASidecarThatKnowsNoHintsIsRead(t *testing.T) {
	lines, err := os.ReadFile("testdata/version-1.hex")
	if err != nil {
		t.Fatal(err)
	}
	for _, line := range strings.Fields(string(lines))[:2] { // the others are answers
		body, err := hex.DecodeString(line)
		if err != nil {
			t.Fatal(err)
		}
		b, err := wire.Decode(body)
		if err != nil {
			t.Fatal(err)
		}
		for _, u := range b.Updates {
			if u.Leaving || u.SyncWithin.Set {
				t.Errorf("it has the hints of %+v", u)
			}
		}
	}
}

func TestWhatAreNoHintsIsRefused(t *testing.T) {
	unhinted := plain(hintedBatch())
	for name, hints := range map[string][]byte{
		"none":                        {0},
		"nothing that was seen":       {0, 0},
		"of no bits":                  {0, 1, 0, 1, 0, 0},
		"of bits that are not set":    {0, 1, 0, 1, 1, 0},
		"of a step that is none":      {0, 1, 0, 3, 1, 1},
		"seen in no update":           {0, 1, 3, 1, 1, 1},
		"seen twice in one":           {0, 2, 0, 1, 1, 1, 0, 1, 1, 1},
		"of more bits than there are": {0, 1, 0, 1, 2, 1},
		"more than there are":         {2, 0, 1},
		"fewer than there are":        {1, 0, 1, 1, 1},
		"of an update that is not":    {1, 3, 1},
		"of one update twice":         {2, 1, 1, 1, 1},
		"in another order":            {2, 1, 1, 0, 1},
		"that say nothing":            {1, 0, 0},
		"that nobody knows":           {1, 0, 4},
		"without their number":        {1, 0, 2},
		"with a number that is none":  {1, 0, 2, 0, 0, 0, 0, 0, 0, 0xf8, 0x7f},
		"for yesterday":               {1, 0, 2, 0, 0, 0, 0, 0, 0, 0xf0, 0xbf},
		"for never":                   {1, 0, 2, 0, 0, 0, 0, 0, 0, 0xe0, 0x7f},
		"a count that is a lie":       {0xff, 0xff, 0xff, 0xff, 0x0f},
	} {
		t.Run(name, func(t *testing.T) {
			if _, err := wire.Decode(append(bytes.Clone(unhinted), hints...)); err == nil {
				t.Error("they are taken")
			}
		})
	}
}
