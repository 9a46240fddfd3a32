package main

import (
	"bytes"
	"fmt"
	"io"
	"strings"
	"sync"
	"time"
)

// screen prints whole lines from several goroutines, and on a terminal one line
// below them that is overwritten. It is a writer for others' lines.
type screen struct {
	out      io.Writer
	terminal bool

	mu      sync.Mutex
	partial []byte
	live    string
}

// Write prints the lines that are complete.
func (s *screen) Write(text []byte) (int, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.partial = append(s.partial, text...)
	end := bytes.LastIndexByte(s.partial, '\n') + 1
	if end == 0 {
		return len(text), nil
	}
	complete := append([]byte{}, s.partial[:end]...)
	s.partial = append(s.partial[:0], s.partial[end:]...)
	s.clearLocked()
	if _, err := s.out.Write(complete); err != nil {
		return 0, fmt.Errorf("printing: %w", err)
	}
	s.drawLocked()
	return len(text), nil
}

func (s *screen) say(format string, args ...any) {
	// Nobody reads what can't be printed.
	_, _ = fmt.Fprintf(s, format+"\n", args...)
}

// status replaces the line at the bottom; without a terminal it is a line like
// any other. The empty line removes it.
func (s *screen) status(line string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if !s.terminal {
		if line != "" {
			_, _ = io.WriteString(s.out, line+"\n")
		}
		return
	}
	s.clearLocked()
	s.live = line
	s.drawLocked()
}

func (s *screen) clearLocked() {
	if s.live != "" {
		_, _ = io.WriteString(s.out, "\r\x1b[K")
	}
}

func (s *screen) drawLocked() {
	if s.live != "" {
		_, _ = io.WriteString(s.out, s.live)
	}
}

// step says how long something took, and returns its error.
func (s *screen) step(what string, do func() error) error {
	begin := time.Now()
	if err := do(); err != nil {
		return fmt.Errorf("%s: %w", what, err)
	}
	s.say("%-40s %6.1f s", what, time.Since(begin).Seconds())
	return nil
}

// table aligns rows of a name and a value.
func table(rows [][2]string) string {
	var b strings.Builder
	for _, row := range rows {
		fmt.Fprintf(&b, "  %-22s %s\n", row[0], strings.ReplaceAll(row[1], "\n", "\n"+strings.Repeat(" ", 25)))
	}
	return b.String()
}

// grouped writes a number with commas.
func grouped(n int64) string {
	digits := fmt.Sprint(n)
	for i := len(digits) - 3; i > 0 && digits[i-1] != '-'; i -= 3 {
		digits = digits[:i] + "," + digits[i:]
	}
	return digits
}
