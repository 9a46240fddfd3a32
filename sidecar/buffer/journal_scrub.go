package buffer

import (
	"context"
	"fmt"
	"path"
	"strconv"
	"strings"
	"time"

	"github.com/cockroachdb/pebble/v2"
)

// scrub returns when no file of the spool holds an entry, or the name of one,
// that was deleted or replaced before the call: logs, tables, and the manifests,
// which name the first and the last entry of each table. Writing goes on.
func (j *journal) scrub(ctx context.Context) error {
	lastLog := j.fs.spoilLogs()
	for {
		// What is deleted leaves a table when that meets the deletion on the
		// way down.
		if err := j.rewrite(ctx); err != nil {
			return err
		}
		clean, err := j.withoutDeletions()
		if err != nil {
			return err
		}
		if clean {
			break
		}
	}
	if err := j.fs.removeLogs(j.dir, lastLog); err != nil {
		return err
	}
	files, err := j.fs.List(j.dir)
	if err != nil {
		return fmt.Errorf("listing the spool's files: %w", err)
	}
	for {
		left, err := j.stale(files)
		if err != nil {
			return err
		}
		switch {
		case left.manifests:
			// Pebble keeps a manifest and the one before it.
			if err := j.rewrite(ctx); err != nil {
				return err
			}
		case left.tables:
		default:
			return j.fs.syncDir(j.dir)
		}
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-time.After(scrubPause):
		}
	}
}

// rewrite brings everything from the log into tables and compacts them.
func (j *journal) rewrite(ctx context.Context) error {
	// With something to write a flush is never left out.
	c := j.begin()
	c.put([]byte{prefixScrub}, []byte{entryVersion})
	if err := j.appendLazily(c); err != nil {
		return err
	}
	flushed, err := j.db.AsyncFlush()
	if err != nil {
		return fmt.Errorf("flushing the log: %w", err)
	}
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-j.fault.done:
		return ErrFailed
	case <-flushed:
	}
	return wrap("compacting the spool", j.reclaim(ctx))
}

func (j *journal) withoutDeletions() (bool, error) {
	levels, err := j.db.SSTables(pebble.WithProperties())
	if err != nil {
		return false, fmt.Errorf("reading the tables' properties: %w", err)
	}
	for _, tables := range levels {
		for _, t := range tables {
			if t.Properties.NumDeletions > 0 {
				return false, nil
			}
		}
	}
	return true, nil
}

type leftover struct{ tables, manifests bool }

// stale tells which of the files that were there are still there, tables that
// are in use not counted.
func (j *journal) stale(were []string) (leftover, error) {
	levels, err := j.db.SSTables()
	if err != nil {
		return leftover{}, fmt.Errorf("listing the tables: %w", err)
	}
	live := map[uint64]bool{}
	for _, tables := range levels {
		for _, t := range tables {
			live[uint64(t.BackingSSTNum)] = true
		}
	}
	files, err := j.fs.List(j.dir)
	if err != nil {
		return leftover{}, fmt.Errorf("listing the spool's files: %w", err)
	}
	are := map[string]bool{}
	for _, name := range files {
		are[name] = true
	}
	var left leftover
	for _, name := range were {
		if !are[name] {
			continue
		}
		if n, ok := fileNumber(name, ".sst"); ok && !live[n] {
			left.tables = true
		}
		left.manifests = left.manifests || strings.HasPrefix(name, "MANIFEST-")
	}
	return left, nil
}

// fileNumber is the number in the name of one of Pebble's files.
func fileNumber(name, suffix string) (uint64, bool) {
	base, ok := strings.CutSuffix(path.Base(name), suffix)
	if !ok {
		return 0, false
	}
	n, err := strconv.ParseUint(base, 10, 64)
	return n, err == nil
}
