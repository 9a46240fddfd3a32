package main

import (
	"context"
	"fmt"
	"os"
	"path/filepath"

	"github.com/progress-sync/progress-sync/test/bench/subject"
)

// startProcessors runs the stream processor once for each of its
// configurations, or none if no binary was named.
func (s *suite) startProcessors(ctx context.Context, uri string) ([]*contestant, error) {
	if s.connect == "" {
		return nil, nil
	}
	var started []*contestant
	for _, variant := range []struct{ file, name string }{
		{"synchronous.yaml", "stream processor, synchronous"},
		{"memory.yaml", "stream processor, memory buffer"},
		{"sqlite.yaml", "stream processor, SQLite buffer"},
	} {
		address, err := freeAddress(ctx)
		if err != nil {
			return nil, err
		}
		dir := filepath.Join(s.dir, variant.file)
		if err := os.MkdirAll(dir, 0o700); err != nil {
			return nil, fmt.Errorf("making the stream processor's folder: %w", err)
		}
		process, err := subject.Start(ctx, filepath.Join(s.dir, variant.file+".log"), address,
			"env", "BENCH_ADDRESS="+address, "BENCH_URI="+uri, "BENCH_DIR="+dir,
			s.connect, "run", filepath.Join(s.connectConfigs, variant.file))
		if err != nil {
			for _, c := range started {
				c.process.Kill()
			}
			return nil, err
		}
		started = append(started, &contestant{name: variant.name, process: process, path: "/post"})
	}
	return started, nil
}
