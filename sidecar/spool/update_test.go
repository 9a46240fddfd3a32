package spool

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

	"github.com/progress-sync/progress-sync/sidecar/progress"
)

// leaves calls do for every value that is in v, by its name.
func leaves(v reflect.Value, name string, do func(name string, v reflect.Value)) {
	if v.Kind() != reflect.Struct {
		do(name, v)
		return
	}
	if _, ok := reflect.TypeAssert[progress.Number](v); ok {
		do(name, v)
		return
	}
	if _, ok := reflect.TypeAssert[progress.Segments](v); ok {
		v.Set(reflect.ValueOf(progress.SegmentsOf([][2]float64{{0, 12}, {1000, 1030}}, 1800)))
		return
	}
	for i := range v.NumField() {
		leaves(v.Field(i), v.Type().Field(i).Name, do)
	}
}

// A field that is added to Update and not to the codec would be lost on the way of a
// stray, and its learner would see it vanish.
func TestEveryFieldOfAnUpdateSurvivesTheDisk(t *testing.T) {
	var want progress.Update
	leaves(reflect.ValueOf(&want).Elem(), "", func(name string, v reflect.Value) {
		switch v.Kind() {
		case reflect.String:
			v.SetString(name)
		case reflect.Int64:
			v.SetInt(int64(len(name)))
		case reflect.Bool:
			v.SetBool(true)
		case reflect.Struct:
			v.Set(reflect.ValueOf(progress.Some(float64(len(name)))))
		default:
			t.Fatalf("%s is of a kind that this test does not know", name)
		}
	})
	d := decoder{rest: appendUpdate(nil, &want)}
	got := decodeUpdate(&d)
	want.Leaving, want.SyncWithin = false, progress.Number{} // when to write it is for the home, which is away
	if err := d.end(); err != nil || got != want {
		t.Errorf("%v\n%s", err, cmp.Diff(want, got))
	}
}

// goldenEntries are those of testdata/strays.hex, line by line.
func goldenEntries() [][]byte {
	const at = progress.Instant(1_772_359_200_000_000)
	key := progress.Key{UserID: "user-ü", CourseID: "course", LessonID: "lesson"}
	full := progress.Update{
		Key: key, ModuleID: "m", EventID: "e-1", CurrentTime: progress.Some(12.5), Duration: progress.Some(600),
		Percentage: progress.Some(40.25), WatchedDuration: progress.Some(239.5), WatchedDelta: progress.Some(5),
		PlaybackSpeed: progress.Some(1.25), SeekEvents: 2, PauseEvents: 300, Completed: true,
		OccurredAt: at, SentAt: at + 1, ReportedAt: at - 1,
	}
	return [][]byte{
		(&Stray{Update: full}).encode(nil),
		(&Stray{Update: progress.Update{Key: key, EventID: "e-2", CurrentTime: progress.Some(0)}}).encode(nil),
		(&Sender{Number: 300, Seen: at, Unmerged: []Unmerged{{1, 2, UnmergedRepeated}, {200, 1, UnmergedErased}}}).encode(nil),
	}
}

// A spool that was written by an earlier version must be read by this one.
func TestAStrayAndASenderOnDiskAreWhatTheyWereFromTheFirstVersionOn(t *testing.T) {
	content, err := os.ReadFile("testdata/strays.hex")
	if err != nil {
		t.Fatal(err)
	}
	var lines []string
	for _, value := range goldenEntries() {
		lines = append(lines, hex.EncodeToString(value))
	}
	if diff := cmp.Diff(strings.Fields(string(content)), lines); diff != "" {
		t.Error(diff)
	}
}

func TestASpoiledSenderOrStrayIsRefused(t *testing.T) {
	sender, stray := senderName(SenderID{}), strayName(1)
	whole := (&Stray{Update: progress.Update{EventID: "e"}}).encode(nil)
	runs := func(gap, count, reason byte) []byte {
		return append((&Sender{}).encode(nil)[:10], 1, gap, count, reason)
	}
	decode := map[byte]func(value []byte) error{
		senderEntry: func(value []byte) error { _, _, err := decodeSender(string(sender[:]), value); return err },
		strayEntry:  func(value []byte) error { _, err := decodeStray(string(stray[:]), value); return err },
	}
	for name, tt := range map[string]struct {
		kind  byte
		value []byte
		want  error
	}{
		"a sender's run of no items":            {senderEntry, runs(0, 0, 1), errMalformed},
		"a sender's run for no reason":          {senderEntry, runs(0, 1, 0), errMalformed},
		"a sender's run for an unknown reason":  {senderEntry, runs(0, 1, 9), errMalformed},
		"a sender's run that is cut off":        {senderEntry, runs(0, 1, 1)[:13], errTruncated},
		"a sender with something behind it":     {senderEntry, append(runs(0, 1, 1), 0), errTrailing},
		"a stray that is cut off":               {strayEntry, whole[:len(whole)-1], errTruncated},
		"a stray with something behind it":      {strayEntry, append(bytes.Clone(whole), 0), errTrailing},
		"a stray of a later version":            {strayEntry, append([]byte{9}, whole[1:]...), errVersion},
		"a stray with parts that nobody knows":  {strayEntry, append(whole[:len(whole)-1:len(whole)-1], 0xff, 0xff, 0x7f), errMalformed},
		"a sender with a run beyond all bounds": {senderEntry, append((&Sender{}).encode(nil)[:10], 1, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 1, 1, 1), errMalformed},
	} {
		t.Run(name, func(t *testing.T) {
			if err := decode[tt.kind](tt.value); !errors.Is(err, tt.want) {
				t.Errorf("got %v, want %v", err, tt.want)
			}
		})
	}
}

// FuzzDecodeSender decodes any value; what is accepted must survive another round.
func FuzzDecodeSender(f *testing.F) {
	f.Add((&Sender{Number: 3, Seen: 5, Unmerged: []Unmerged{{0, 1, UnmergedFull}, {300, 7, UnmergedRange}}}).encode(nil))
	name := senderName(SenderID{1})
	f.Fuzz(func(t *testing.T, value []byte) {
		_, s, err := decodeSender(string(name[:]), value)
		if err != nil {
			return
		}
		if _, again, err := decodeSender(string(name[:]), s.encode(nil)); err != nil || !cmp.Equal(s, again) {
			t.Errorf("%v: %+v, then %+v", err, s, again)
		}
	})
}

// FuzzDecodeStray decodes any value; what is accepted must survive another round.
func FuzzDecodeStray(f *testing.F) {
	for _, value := range goldenEntries()[:2] {
		f.Add(value)
	}
	name := strayName(1)
	f.Fuzz(func(t *testing.T, value []byte) {
		s, err := decodeStray(string(name[:]), value)
		if err != nil {
			return
		}
		again, err := decodeStray(string(name[:]), s.encode(nil))
		// Numbers may be NaN.
		if err != nil || fmt.Sprint(s) != fmt.Sprint(again) {
			t.Errorf("%v: %+v, then %+v", err, s, again)
		}
	})
}
