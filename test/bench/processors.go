package main

import (
	"context"
	"fmt"
	"os"
	"path/filepath"

	"github.com/progress-sync/progress-sync/test/bench/subject"
	"github.com/progress-sync/progress-sync/test/kit/port"
)

// processors are the stream processor with each of its configurations, none if
// no binary was named.
func (s *suite) processors(uri string) []*contestant {
	if s.connect == "" {
		return nil
	}
	var all []*contestant
	for _, variant := range []struct{ file, name string }{
		{"synchronous.yaml", "stream processor, synchronous"},
		{"memory.yaml", "stream processor, memory buffer"},
		{"sqlite.yaml", "stream processor, SQLite buffer"},
	} {
		c := newContestant(variant.name, nil, "/post", ackSets[0].keys)
		c.start = func(ctx context.Context) (*subject.Process, error) { return s.startProcessor(ctx, variant.file, uri) }
		all = append(all, c)
	}
	return all
}

// startProcessor starts it with a buffer of its own, empty.
func (s *suite) startProcessor(ctx context.Context, file, uri string) (*subject.Process, error) {
	address, err := port.FreeAddress()
	if err != nil {
		return nil, err
	}
	dir, err := os.MkdirTemp(s.dir, file)
	if err != nil {
		return nil, fmt.Errorf("making the stream processor's folder: %w", err)
	}
	return subject.Start(ctx, filepath.Join(s.dir, file+".log"), address,
		"env", "BENCH_ADDRESS="+address, "BENCH_URI="+uri, "BENCH_DIR="+dir,
		s.connect, "run", filepath.Join(s.connectConfigs, file))
}
