package main

import (
	"fmt"
	"os"

	"github.com/progress-sync/progress-sync/test/bench/report"
)

// build is a binary of the sidecar under measurement. Where there are several,
// they take turns within each round.
type build struct{ name, path string }

// builds are the one that is measured, and those it is compared with.
func (o options) builds() []build {
	list := []build{{"progress-sync", o.sidecar}}
	for _, path := range o.against {
		list = append(list, build{path, path})
	}
	return list
}

// figures are one series for each build.
type figures []report.Series

func (s *suite) figures(unit string) figures {
	var f figures
	for _, b := range s.builds() {
		f = append(f, report.Series{Name: b.name, Unit: unit})
	}
	return f
}

// add a round's value of the build with the given index.
func (f figures) add(build int, value float64) { f[build].Rounds = append(f[build].Rounds, value) }

// found adds a line on the build that is measured, and one on how it compares
// with each of the others.
func (s *suite) found(measured string, target report.Target, ours figures, other *report.Series) {
	s.findings = append(s.findings, report.Finding{Measured: measured, Target: target, Ours: ours[0], Other: other})
	s.compared(measured, ours)
}

func (s *suite) compared(measured string, ours figures) {
	for _, other := range ours[1:] {
		s.comparisons = append(s.comparisons, report.Comparison{Measured: measured, This: ours[0], That: other})
	}
}

// binarySize is how large the sidecar is, which says what the image weighs.
func (s *suite) binarySize() error {
	size := s.figures("MiB")
	for i, b := range s.builds() {
		info, err := os.Stat(b.path)
		if err != nil {
			return fmt.Errorf("reading the size of the sidecar's binary: %w", err)
		}
		size.add(i, float64(info.Size())/(1<<20))
	}
	s.found("size of the sidecar's binary", report.AtMost(24, "MiB"), size, nil)
	return nil
}
