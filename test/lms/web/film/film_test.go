package film

import (
	"bytes"
	"context"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/fstest"

	"go.uber.org/goleak"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// seen is a frame as the encoder gets it.
func seen(t *testing.T, d *day, second float64) []byte {
	t.Helper()
	var c canvas
	d.frame(&c, second)
	var written bytes.Buffer
	if err := c.write(&written); err != nil {
		t.Fatal(err)
	}
	return written.Bytes()
}

func TestTheSameSecondLooksTheSame(t *testing.T) {
	one, other := newDay(), newDay()
	for _, second := range []float64{0, 17.25, 60, 119} {
		first := seen(t, one, second)
		if !bytes.Equal(first, seen(t, other, second)) {
			t.Errorf("second %v is drawn in two ways", second)
		}
		if bytes.Equal(first, seen(t, one, second+1)) {
			t.Errorf("nothing moves after second %v", second)
		}
	}
}

func TestItIsBrightAtNoonAndDarkAtNight(t *testing.T) {
	d := newDay()
	brightness := func(hour float64) float64 {
		frame := seen(t, d, (hour-firstHour)/(lastHour-firstHour)*Seconds)
		sum := 0.0
		for _, level := range frame[len("FRAME\n"):][:width*height] {
			sum += float64(level)
		}
		return sum / (width * height)
	}
	dawn, noon, dusk, night := brightness(5.3), brightness(12), brightness(20), brightness(23.5)
	if !(night < dawn && dawn < noon && night < dusk && dusk < noon) {
		t.Errorf("dawn %.0f, noon %.0f, dusk %.0f, night %.0f", dawn, noon, dusk, night)
	}
}

func TestAnotherDrawingIsAnotherFile(t *testing.T) {
	name := func(files fstest.MapFS) string {
		got, err := fileName(files)
		if err != nil {
			t.Fatal(err)
		}
		return got
	}
	before := fstest.MapFS{"sea.go": {Data: []byte("blue")}, "sky.go": {Data: []byte("blue")}}
	tested := fstest.MapFS{"sea.go": {Data: []byte("blue")}, "sky.go": {Data: []byte("blue")}, "sea_test.go": {Data: []byte("deep")}}
	after := fstest.MapFS{"sea.go": {Data: []byte("grey")}, "sky.go": {Data: []byte("blue")}}
	if name(before) != name(tested) {
		t.Error("a test makes the film be drawn again")
	}
	if name(before) == name(after) {
		t.Error("another sea keeps the old film")
	}
}

func TestAFilmThatIsThereIsNotMadeAgain(t *testing.T) {
	folder := t.TempDir()
	name, err := fileName(sources)
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(folder, name), []byte("a film"), 0o600); err != nil {
		t.Fatal(err)
	}
	if content, err := Get(t.Context(), folder); err != nil || string(content) != "a film" {
		t.Errorf("got %q, %v", content, err)
	}
}

func TestWithoutTheEncoderItSaysWhatToInstall(t *testing.T) {
	err := encode(t.Context(), "no-such-encoder", filepath.Join(t.TempDir(), "film.webm"))
	if err == nil || !strings.Contains(err.Error(), "apt-get install -y --no-install-recommends vpx-tools") {
		t.Errorf("got %v", err)
	}
}

func TestAnEncoderThatFailsIsHeard(t *testing.T) {
	program := filepath.Join(t.TempDir(), "encoder")
	if err := os.WriteFile(program, []byte("#!/bin/sh\necho no such codec >&2\nexit 3\n"), 0o700); err != nil {
		t.Fatal(err)
	}
	err := encode(t.Context(), program, filepath.Join(t.TempDir(), "film.webm"))
	if err == nil || !strings.Contains(err.Error(), "no such codec") || !strings.Contains(err.Error(), "exit status 3") {
		t.Errorf("got %v", err)
	}
}

func TestItEndsWithItsContext(t *testing.T) {
	program := filepath.Join(t.TempDir(), "encoder")
	if err := os.WriteFile(program, []byte("#!/bin/sh\nexec tail -f /dev/null\n"), 0o700); err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if err := encode(ctx, program, filepath.Join(t.TempDir(), "film.webm")); err == nil {
		t.Error("it made a film")
	}
}

// limited takes so many bytes.
type limited struct{ left int }

func (l *limited) Write(p []byte) (int, error) {
	if l.left -= len(p); l.left < 0 {
		return 0, io.ErrShortWrite
	}
	return len(p), nil
}

func TestNothingIsDrawnForNobody(t *testing.T) {
	if err := draw(&limited{left: 3 * width * height}); err == nil {
		t.Error("frames that nobody takes are no failure")
	}
}
