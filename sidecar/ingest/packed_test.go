package ingest

import (
	"bytes"
	"compress/gzip"
	"strings"
	"sync"
	"testing"

	"github.com/klauspost/compress/zstd"

	"github.com/progress-sync/progress-sync/sidecar/ingest/coding"
)

// packed is gzip of a text.
func packed(text string) string {
	var b bytes.Buffer
	w := gzip.NewWriter(&b)
	_, _ = w.Write([]byte(text)) // memory takes it
	_ = w.Close()
	return b.String()
}

// If this failed, what a client sends in little space would be refused, or would become
// another learner's.
func TestPostTakesPackedBodies(t *testing.T) {
	encoder, err := zstd.NewWriter(nil)
	if err != nil {
		t.Fatal(err)
	}
	defer encoder.Close()
	many := "[" + strings.Repeat(item("u")+",", 99) + item("v") + "]"
	for name, c := range map[string]struct {
		coding  coding.Coding
		content string
		body    string
		packed  string
	}{
		"an update as gzip":     {coding.Gzip, "application/json", item("u"), packed(item("u"))},
		"an array as gzip":      {coding.Gzip, "application/json", many, packed(many)},
		"an array as zstd":      {coding.Zstd, "application/json", many, string(encoder.EncodeAll([]byte(many), nil))},
		"lines as gzip":         {coding.Gzip, "application/x-ndjson", item("u") + "\n" + item("v"), packed(item("u") + "\n" + item("v"))},
		"an update as it is":    {coding.Identity, "application/json", item("u"), item("u")},
		"an update of a beacon": {coding.Gzip, "text/plain;charset=UTF-8", item("u"), packed(item("u"))},
	} {
		t.Run(name, func(t *testing.T) {
			plain, d := newDesk(), newDesk()
			r := post(c.body)
			r.Header.Set("Content-Type", c.content)
			expect(t, plain.ask(t, r), 200, nil)
			r = post(c.packed)
			r.Header.Set("Content-Type", c.content)
			r.Header.Set("Content-Encoding", c.coding.String())
			expect(t, d.ask(t, r), 200, nil)
			if d.state.accepted != plain.state.accepted || len(d.buffer.records) != len(plain.buffer.records) {
				t.Errorf("%d updates of %d records, not %d of %d",
					d.state.accepted, len(d.buffer.records), plain.state.accepted, len(plain.buffer.records))
			}
			if got, want := d.state.received[c.coding], [2]int{len(c.packed), len(c.body)}; got != want {
				t.Errorf("counted %d bytes, not %d", got, want)
			}
		})
	}
}

// Bodies and what they unpack to share pooled buffers. If this failed, one learner's
// progress would get into another's.
func TestPackedBodiesAtTheSameTimeDoNotMix(t *testing.T) {
	d := newDesk()
	var group sync.WaitGroup
	for n := range 8 {
		group.Go(func() {
			user := string(rune('a' + n))
			for range 50 {
				body := "[" + strings.Repeat(item(user)+",", 20*n) + item(user) + "]"
				r := post(packed(body))
				r.Header.Set("Content-Encoding", "gzip")
				if a := d.ask(t, r); a.code != 200 || !strings.Contains(a.text, `"userId":"`+user+`"`) {
					t.Errorf("%s: %d %.200s", user, a.code, a.text)
				}
			}
		})
	}
	group.Wait()
	if len(d.buffer.records) != 8 {
		t.Errorf("%d learners, not 8", len(d.buffer.records))
	}
}

// The answer must say what to send instead, in words and in the field for it.
func TestAnUnknownCodingIsToldWhatIsAccepted(t *testing.T) {
	d := newDesk()
	r := post(item("u"))
	r.Header.Set("Content-Encoding", "br")
	a := d.ask(t, r)
	expect(t, a, 415, map[string]any{"type": problemType + "content-encoding"})
	if got := a.header.Get("Accept-Encoding"); got != "gzip, zstd" {
		t.Errorf("Accept-Encoding: %q", got)
	}
}
