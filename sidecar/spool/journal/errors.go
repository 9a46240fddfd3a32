package journal

import (
	"errors"
	"fmt"
)

var (
	// ErrFailed refuses every call after an error of the disk. It is final:
	// what is on disk is only known after a restart.
	ErrFailed = errors.New("the spool's disk failed; restart to go on with what it holds")
	// ErrNoSpace refuses a change or a checkpoint for which the disk has no
	// room. Nothing of it is written.
	ErrNoSpace = errors.New("the spool's disk is full")
)

// DamageError says which file of a spool cannot be read, and where.
type DamageError struct {
	File   string // its path
	Offset int64  // in bytes, -1 for the whole file
	Err    error
}

func (e *DamageError) Error() string {
	at := ""
	if e.Offset >= 0 {
		at = fmt.Sprintf(" at byte %d", e.Offset)
	}
	return fmt.Sprintf("%s is damaged%s: %v; nothing was changed: restore the file, "+
		"or move the directory away to begin with an empty spool, which gives up what this one holds", e.File, at, e.Err)
}

func (e *DamageError) Unwrap() error { return e.Err }
