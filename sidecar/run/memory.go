package run

import (
	"math"
	"os"
	"runtime/debug"
	"strconv"
	"strings"
)

// limitShare is the part of the container's memory that Go may use; the rest is
// for what Go does not count, such as the pages of the binary.
const limitShare = 0.9

// limitMemory makes the collector work harder before the container's limit is
// reached, unless GOMEMLIMIT says something already. It returns what Go may use
// in bytes, 0 for any amount.
func limitMemory(read func(path string) ([]byte, error)) int64 {
	if os.Getenv("GOMEMLIMIT") != "" {
		if limit := debug.SetMemoryLimit(-1); limit < math.MaxInt64 { // -1 only asks
			return limit
		}
		return 0
	}
	limit := containerMemory(read)
	if limit > 0 {
		debug.SetMemoryLimit(limit)
	}
	return limit
}

// containerMemory is the part of the cgroup's memory limit that Go may use.
func containerMemory(read func(path string) ([]byte, error)) int64 {
	for _, path := range []string{
		"/sys/fs/cgroup/memory.max",                   // version 2
		"/sys/fs/cgroup/memory/memory.limit_in_bytes", // version 1
	} {
		content, err := read(path)
		if err != nil {
			continue
		}
		limit, err := strconv.ParseInt(strings.TrimSpace(string(content)), 10, 64)
		// "max", or in version 1 a number near the largest, is no limit.
		if err == nil && limit > 0 && limit < math.MaxInt64/2 {
			return int64(float64(limit) * limitShare)
		}
	}
	return 0
}
