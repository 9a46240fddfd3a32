package members_test

import (
	"maps"
	"testing"
	"time"

	"github.com/google/uuid"
	"pgregory.net/rapid"

	"github.com/progress-sync/progress-sync/sidecar/peers/members"
)

// TestAViewIsWhatTheChangesMakeOfIt: a member that was lost on the way would never be
// handed anything, and one that was kept would be handed on to in vain.
func TestAViewIsWhatTheChangesMakeOfIt(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		want := map[uuid.UUID]members.Entry{}
		var view members.View
		for range rapid.IntRange(0, 20).Draw(t, "answers") {
			before, members0 := view.Digest(), len(view.Members())
			var changed []members.Entry
			var gone []uuid.UUID
			for _, n := range rapid.SliceOfDistinct(rapid.IntRange(0, 9), rapid.ID[int]).Draw(t, "which") {
				m := numbered(n)
				if rapid.Bool().Draw(t, "gone") {
					gone = append(gone, m.Writer)
					delete(want, m.Writer)
					continue
				}
				m.Protocol = rapid.Int32Range(1, 9).Draw(t, "protocol")
				e := members.Entry{Member: m, Hash: int64(n)<<8 | int64(m.Protocol)}
				changed = append(changed, e)
				want[m.Writer] = e
			}
			next := view.After(time.Now(), changed, gone)
			if view.Digest() != before || len(view.Members()) != members0 {
				t.Fatal("a View has changed")
			}
			view = next
			sum := members.Digest{Count: int64(len(want))}
			for e := range maps.Values(want) {
				sum.Sum += e.Hash
			}
			if view.Digest() != sum {
				t.Fatalf("the digest is %+v, want %+v", view.Digest(), sum)
			}
			for _, m := range view.Members() {
				if !m.Equal(want[m.Writer].Member) {
					t.Fatalf("%+v is in it, want %+v", m, want[m.Writer])
				}
			}
		}
	})
}
