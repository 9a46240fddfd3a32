package spool

import (
	"strings"
	"testing"

	"github.com/google/uuid"

	"github.com/progress-sync/progress-sync/sidecar/progress"
	"github.com/progress-sync/progress-sync/sidecar/spool/disktest"
)

func TestASpoolThatCannotBeReadSaysWhatIsWrong(t *testing.T) {
	put := func(name string, value []byte) func(*Change) {
		return func(c *Change) { c.put([]byte(name), value) }
	}
	user := string(KeyOf(progress.Key{UserID: "user-1", CourseID: "course", LessonID: "lesson"}))
	tests := map[string]struct {
		spoil func(*Change)
		want  string
	}{
		"a pending record": {put("p"+user, []byte{1, 0, 3}), "a pending record ("},
		"a pending record's key": {
			put("p\xff", (&Pending{}).encode(nil)), "a pending record (",
		},
		"the format":       {put("m", []byte{9}), "its format cannot be read"},
		"a lane's numbers": {put("l\x00", []byte{entryVersion}), "the numbers of lane 0 cannot be read: it ends too early"},
		"a kept batch":     {put("k\x00\x00\x00\x00\x00\x00\x00\x00\x07", nil), "kept batch 7 of lane 0 cannot be read: it ends too early"},
		"a batch's name":   {put("b\x00", nil), "the name of a batch cannot be read"},
		"a dead letter": {
			put("d"+user, []byte{7}), "cannot be read: it has a version that this program does not know",
		},
		"the last dead letter's id": {put("n", nil), "the last dead letter's id cannot be read"},
		"a tombstone":               {put("t"+user, nil), "the tombstone of an erased learner cannot be read"},
		"a sender":                  {put("h0123456789abcdef", []byte{entryVersion}), "the last batch of a sender cannot be read: it ends too early"},
		"a sender's name":           {put("h", (&Sender{}).encode(nil)), "the last batch of a sender cannot be read: it is malformed"},
		"a stray":                   {put("s01234567", []byte{entryVersion, 9}), "an update that waits for its home ("},
		"a stray's name":            {put("s", (&Stray{}).encode(nil)), "cannot be read: it is malformed"},
		"an entry of a kind that nobody knows": {
			put("z", nil), `an entry of kind "z" cannot be read: it has a version that this program does not know`,
		},
		"someone else's data": {func(c *Change) { c.add(opDelete, []byte("m")) }, "it holds data but not its format"},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			o := Options{Dir: "spool", FS: disktest.New()}
			s, err := Open(o)
			if err != nil {
				t.Fatal(err)
			}
			c := s.Begin()
			c.PutFormat(Format{Lanes: 2, Writer: uuid.New()})
			c.PutLane(0, Lane{Next: 1})
			tt.spoil(c)
			if err := s.AppendLazily(c); err != nil {
				t.Fatal(err)
			}
			if err := s.Close(); err != nil {
				t.Fatal(err)
			}
			if s, err = Open(o); err == nil {
				err = s.Load(newEntries().visitor())
				if closing := s.Close(); closing != nil {
					t.Error(closing)
				}
			}
			if err == nil || !strings.Contains(err.Error(), tt.want) {
				t.Errorf("got %v, want %q", err, tt.want)
			}
			if err != nil && strings.Contains(err.Error(), "user-") {
				t.Errorf("the error names a learner: %v", err)
			}
		})
	}
}
