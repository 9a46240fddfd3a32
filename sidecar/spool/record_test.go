package spool

import (
	"encoding/hex"
	"math"
	"os"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/progress-sync/progress-sync/sidecar/progress"
	"github.com/progress-sync/progress-sync/sidecar/progress/fieldtest"
)

// goldenRecords are those of testdata/records.hex, line by line: each part of a
// record alone, none, and all.
func goldenRecords() []progress.Record {
	const at = progress.Instant(1_772_359_200_000_000)
	stamp := progress.Stamp{At: at - 5_000_000, Received: at - 1}
	return []progress.Record{
		{},
		{ReceivedAt: at, FirstWatchedAt: at - 60_000_000, LastWatchedAt: at + 1, UpdateCount: 12},
		{ReceivedAt: at, Generation: at - 7},
		{ReceivedAt: at, ModuleID: "module-ü", ModuleStamp: stamp},
		{ReceivedAt: at, Position: 12.5, PositionStamp: stamp},
		{ReceivedAt: at, Duration: 600, DurationStamp: stamp},
		{ReceivedAt: at, PlaybackSpeed: 1.25, SpeedStamp: stamp},
		{ReceivedAt: at, PositionStamp: stamp},
		{ReceivedAt: at, Position: math.Copysign(0, -1)},
		{ReceivedAt: at, MaxPosition: 240},
		{ReceivedAt: at, Percentage: 40.25},
		{ReceivedAt: at, Watched: 239.5},
		{ReceivedAt: at, TimeSpent: 5_250_000},
		{ReceivedAt: at, SeekEvents: 2},
		{ReceivedAt: at, PauseEvents: 300},
		{ReceivedAt: at, CompletedAt: at - 9},
		{ReceivedAt: at, Completed: true},
		{
			Generation: at - 7, ModuleID: "m", Position: 12.5, MaxPosition: 240, Duration: 600, Percentage: 40.25, Watched: 239.5,
			TimeSpent: 5_250_000, SeekEvents: 2, PauseEvents: 300, PlaybackSpeed: 1.25, UpdateCount: 12, ModuleStamp: stamp,
			PositionStamp: stamp, DurationStamp: stamp, SpeedStamp: stamp, Completed: true, CompletedAt: at - 9,
			FirstWatchedAt: at - 60_000_000, LastWatchedAt: at + 1, ReceivedAt: at,
		},
	}
}

// A spool that was written by any earlier version must be read by this one, and
// by the one before after a rollback: otherwise what was acknowledged is lost.
func TestARecordOnDiskIsWhatItWasFromTheFirstVersionOn(t *testing.T) {
	content, err := os.ReadFile("testdata/records.hex")
	if err != nil {
		t.Fatal(err)
	}
	lines := strings.Fields(string(content))
	records := goldenRecords()
	if len(lines) != len(records) {
		t.Fatalf("%d lines for %d records", len(lines), len(records))
	}
	for i, want := range records {
		if got := hex.EncodeToString(appendRecord(nil, &want)); got != lines[i] {
			t.Errorf("%+v\nis now %s\nand was %s", want, got, lines[i])
		}
		value, err := hex.DecodeString(lines[i])
		if err != nil {
			t.Fatal(err)
		}
		var got progress.Record
		d := decoder{rest: value}
		decodeRecord(&d, &got)
		if err := d.end(); err != nil || got != want {
			t.Errorf("%s: %v\n%s", lines[i], err, cmp.Diff(want, got))
		}
	}
}

func TestEveryFieldOfARecordSurvivesTheDisk(t *testing.T) {
	for _, f := range progress.Fields() {
		if f.Rule == progress.RuleKey {
			continue // the codec of records leaves it to the entry's own key
		}
		t.Run(f.Name, func(t *testing.T) {
			var want, got progress.Record
			fieldtest.Give(f, &want)
			d := decoder{rest: appendRecord(nil, &want)}
			decodeRecord(&d, &got)
			if err := d.end(); err != nil || got != want {
				t.Errorf("%v\n%s", err, cmp.Diff(want, got))
			}
		})
	}
}

func BenchmarkRecordCodec(b *testing.B) {
	_, waiting := heartbeat(123)
	r := waiting.Record
	b.Run("append", func(b *testing.B) {
		var dst []byte
		b.ReportAllocs()
		for b.Loop() {
			dst = appendRecord(dst[:0], &r)
		}
	})
	b.Run("decode", func(b *testing.B) {
		value := appendRecord(nil, &r)
		var got progress.Record
		b.ReportAllocs()
		for b.Loop() {
			d := decoder{rest: value}
			decodeRecord(&d, &got)
			if d.err != nil {
				b.Fatal(d.err)
			}
		}
	})
}
