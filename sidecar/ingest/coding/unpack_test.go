package coding_test

import (
	"bytes"
	"compress/gzip"
	"errors"
	"net/http"
	"runtime"
	"strings"
	"testing"

	"github.com/klauspost/compress/zstd"
	"pgregory.net/rapid"

	"github.com/progress-sync/progress-sync/sidecar/ingest/coding"
)

func gzipped(tb testing.TB, content []byte) []byte {
	tb.Helper()
	var b bytes.Buffer
	w := gzip.NewWriter(&b)
	if _, err := w.Write(content); err != nil {
		tb.Fatal(err)
	}
	if err := w.Close(); err != nil {
		tb.Fatal(err)
	}
	return b.Bytes()
}

// zstandard packs a stream, whose frame does not tell its length. Its window is as large
// as the content-coding may have.
func zstandard(tb testing.TB, content []byte) []byte {
	tb.Helper()
	var b bytes.Buffer
	w, err := zstd.NewWriter(&b, zstd.WithWindowSize(8<<20), zstd.WithEncoderConcurrency(1))
	if err != nil {
		tb.Fatal(err)
	}
	for len(content) > 0 {
		n := min(len(content), 100_000)
		if _, err := w.Write(content[:n]); err != nil {
			tb.Fatal(err)
		}
		if err := w.Flush(); err != nil {
			tb.Fatal(err)
		}
		content = content[n:]
	}
	if err := w.Close(); err != nil {
		tb.Fatal(err)
	}
	return b.Bytes()
}

// sized packs all at once, in a frame that tells its length.
func sized(tb testing.TB, content []byte) []byte {
	tb.Helper()
	w, err := zstd.NewWriter(nil)
	if err != nil {
		tb.Fatal(err)
	}
	defer w.Close()
	return w.EncodeAll(content, nil)
}

type packer struct {
	name   string
	coding coding.Coding
	pack   func(testing.TB, []byte) []byte
}

func packers() []packer {
	return []packer{
		{"gzip", coding.Gzip, gzipped},
		{"gzip in two members", coding.Gzip, func(tb testing.TB, b []byte) []byte {
			return append(gzipped(tb, b[:len(b)/2]), gzipped(tb, b[len(b)/2:])...)
		}},
		{"zstd of a stream", coding.Zstd, zstandard},
		{"zstd that tells its length", coding.Zstd, sized},
		{"zstd in two frames", coding.Zstd, func(tb testing.TB, b []byte) []byte {
			return append(sized(tb, b[:len(b)/2]), zstandard(tb, b[len(b)/2:])...)
		}},
	}
}

func anyRoom(int) bool { return true }

// If this failed, what a client sent would not be what is kept.
func TestWhatIsPackedIsUnpackedAsItWas(t *testing.T) {
	var u coding.Unpacker
	pooled := make([]byte, 0, 64<<10)
	for _, p := range packers() {
		t.Run(p.name, func(t *testing.T) {
			rapid.Check(t, func(rt *rapid.T) {
				piece := rapid.SliceOfN(rapid.Byte(), 1, 300).Draw(rt, "piece")
				content := bytes.Repeat(piece, rapid.IntRange(1, 300).Draw(rt, "times"))
				limit := len(content) + rapid.SampledFrom([]int{0, 1, 1 << 20}).Draw(rt, "beyond")
				into := pooled[:0:rapid.SampledFrom([]int{0, 1, 100, cap(pooled)}).Draw(rt, "memory")]
				granted := 0
				got, err := u.Unpack(p.coding, p.pack(t, content), into, coding.Limit{Bytes: limit, Grant: func(n int) bool {
					granted = max(granted, n)
					return true
				}})
				if err != nil {
					rt.Fatal(err)
				}
				if !bytes.Equal(got, content) {
					rt.Fatalf("%d bytes became %d others", len(content), len(got))
				}
				if most := max(granted, cap(into)); cap(got) > most {
					rt.Fatalf("it takes %d bytes, of which %d were granted", cap(got), most)
				}
				got, err = u.Unpack(p.coding, p.pack(t, content), into, coding.Limit{Bytes: len(content) - 1, Grant: anyRoom})
				if !errors.Is(err, coding.ErrTooLarge) {
					rt.Fatalf("with a byte less than it needs: %d bytes, %v", len(got), err)
				}
			})
		})
	}
}

// A bomb is some kilobytes that unpack to gigabytes. If this failed, one request could
// end the sidecar for want of memory.
func TestABombTakesNoMoreMemoryThanTheLimit(t *testing.T) {
	const limit = 1 << 20
	zeros := make([]byte, 16<<20)
	for _, p := range packers() {
		t.Run(p.name, func(t *testing.T) {
			packed := p.pack(t, zeros)
			var bomb []byte // of many members or frames
			for len(bomb) < limit && len(bomb) < 200*len(packed) {
				bomb = append(bomb, packed...)
			}
			var u coding.Unpacker
			warm := p.pack(t, []byte("{}"))
			if _, err := u.Unpack(p.coding, warm, nil, coding.Limit{Bytes: limit, Grant: anyRoom}); err != nil {
				t.Fatal(err)
			}
			var before, after runtime.MemStats
			runtime.ReadMemStats(&before)
			_, err := u.Unpack(p.coding, bomb, nil, coding.Limit{Bytes: limit, Grant: anyRoom})
			runtime.ReadMemStats(&after)
			if !errors.Is(err, coding.ErrTooLarge) {
				t.Fatalf("got %v", err)
			}
			if took := after.TotalAlloc - before.TotalAlloc; took > 2<<20 {
				t.Errorf("it took %d bytes of memory", took)
			}
		})
	}
}

func TestMemoryThatIsNotGrantedIsNotTaken(t *testing.T) {
	for _, p := range packers() {
		t.Run(p.name, func(t *testing.T) {
			packed := p.pack(t, bytes.Repeat([]byte("lesson "), 50_000))
			asked := 0
			var u coding.Unpacker
			got, err := u.Unpack(p.coding, packed, nil, coding.Limit{Bytes: 1 << 20, Grant: func(n int) bool {
				asked = n
				return n <= 100<<10
			}})
			if !errors.Is(err, coding.ErrNoRoom) || cap(got) > 100<<10 {
				t.Errorf("asked for %d, got %d bytes and %v", asked, cap(got), err)
			}
		})
	}
}

func TestWhatIsNotPackedIsRefused(t *testing.T) {
	content := []byte(strings.Repeat(`{"userId":"u1"}`, 100))
	whole := map[coding.Coding][]byte{coding.Gzip: gzipped(t, content), coding.Zstd: sized(t, content)}
	for name, body := range map[string]func(packed []byte) []byte{
		"nothing":                   func([]byte) []byte { return nil },
		"plain JSON":                func([]byte) []byte { return content },
		"what ends too soon":        func(b []byte) []byte { return b[:len(b)-3] },
		"a head alone":              func(b []byte) []byte { return b[:10] },
		"another checksum":          func(b []byte) []byte { return append(bytes.Clone(b[:len(b)-5]), 1, 2, 3, 4, 5) },
		"what has JSON behind it":   func(b []byte) []byte { return append(bytes.Clone(b), content...) },
		"a changed byte in it":      func(b []byte) []byte { b = bytes.Clone(b); b[len(b)/2] ^= 0x55; return b },
		"the other of both codings": nil,
	} {
		for c, packed := range whole {
			t.Run(name+" as "+c.String(), func(t *testing.T) {
				sent := whole[coding.Gzip+coding.Zstd-c]
				if body != nil {
					sent = body(packed)
				}
				var u coding.Unpacker
				got, err := u.Unpack(c, sent, nil, coding.Limit{Bytes: 1 << 20, Grant: anyRoom})
				if err == nil || !strings.Contains(err.Error(), "not "+c.String()) {
					t.Errorf("got %d bytes and %v", len(got), err)
				}
			})
		}
	}
}

func TestTheHeaderNamesTheCoding(t *testing.T) {
	for name, c := range map[string]struct {
		lines []string
		want  coding.Coding
		known bool
	}{
		"without it nothing is packed":        {nil, coding.Identity, true},
		"an empty one says nothing":           {[]string{""}, coding.Identity, true},
		"identity is no coding":               {[]string{"identity"}, coding.Identity, true},
		"gzip":                                {[]string{"gzip"}, coding.Gzip, true},
		"gzip by its old name":                {[]string{"x-gzip"}, coding.Gzip, true},
		"capitals don't matter":               {[]string{"GZip"}, coding.Gzip, true},
		"zstd":                                {[]string{" zstd "}, coding.Zstd, true},
		"brotli is not known":                 {[]string{"br"}, coding.Identity, false},
		"deflate means two things":            {[]string{"deflate"}, coding.Identity, false},
		"what is packed twice is not for us":  {[]string{"gzip, gzip"}, coding.Identity, false},
		"two fields are what is packed twice": {[]string{"gzip", "zstd"}, coding.Identity, false},
	} {
		t.Run(name, func(t *testing.T) {
			got, known := coding.Of(http.Header{"Content-Encoding": c.lines})
			if got != c.want || known != c.known {
				t.Errorf("got %v, %v", got, known)
			}
		})
	}
}

func FuzzUnpack(f *testing.F) {
	f.Add(gzipped(f, []byte(`{"userId":"u1"}`)), true)
	f.Add(zstandard(f, []byte(`{"userId":"u1"}`)), false)
	f.Add(sized(f, make([]byte, 4<<20)), false)
	f.Fuzz(func(t *testing.T, packed []byte, isGzip bool) {
		c := coding.Zstd
		if isGzip {
			c = coding.Gzip
		}
		const limit = 100_000
		var u coding.Unpacker
		got, err := u.Unpack(c, packed, nil, coding.Limit{Bytes: limit, Grant: anyRoom})
		if err == nil && len(got) > limit {
			t.Errorf("%d bytes, more than the limit", len(got))
		}
		if most := limit + 128<<10 + 64; cap(got) > most {
			t.Errorf("%d bytes of memory, more than the limit", cap(got))
		}
	})
}
