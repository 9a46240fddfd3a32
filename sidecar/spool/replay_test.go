package spool

import (
	"strings"
	"testing"
)

// FuzzReplay applies any bytes as a change and visits what is left. It must not
// panic, and an error must not tell a learner's id.
func FuzzReplay(f *testing.F) {
	c := &Change{batches: &batchSizes{bytes: map[batchName]int64{}}}
	everything().put(c)
	f.Add(c.ops)
	c.reset()
	c.DeleteEventsThrough(1, 9)
	c.DeletePending(KeyOf(record("secret", 1).Key))
	f.Add(c.ops)
	f.Fuzz(func(t *testing.T, ops []byte) {
		all := newContents()
		err := all.apply(ops)
		if err == nil {
			v := newEntries().visitor()
			err = all.visit(&v)
		}
		if err != nil && strings.Contains(err.Error(), "secret") {
			t.Errorf("the error tells a learner: %v", err)
		}
	})
}
