package main

import (
	"bytes"
	"runtime/debug"
	"strconv"
)

// cgroupLimits are where the container's memory limit stands, in version 2 and 1.
var cgroupLimits = []string{"/sys/fs/cgroup/memory.max", "/sys/fs/cgroup/memory/memory.limit_in_bytes"}

// limitMemory makes the garbage collector work harder near the container's
// limit, where it would be killed, unless GOMEMLIMIT says otherwise.
func limitMemory(environment func(string) string, read func(string) ([]byte, error)) {
	if environment("GOMEMLIMIT") != "" {
		return
	}
	if limit := containerLimit(read); limit > 0 {
		debug.SetMemoryLimit(limit / 10 * 9)
	}
}

// containerLimit in bytes, zero if there is none.
func containerLimit(read func(string) ([]byte, error)) int64 {
	for _, path := range cgroupLimits {
		text, err := read(path)
		if err != nil {
			continue
		}
		limit, err := strconv.ParseInt(string(bytes.TrimSpace(text)), 10, 64)
		// Version 1 says that there is no limit by a very large one.
		if err == nil && limit > 0 && limit < 1<<50 {
			return limit
		}
	}
	return 0
}
