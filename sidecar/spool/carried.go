package spool

import "github.com/progress-sync/progress-sync/sidecar/progress"

// AppendRecord writes r without its key, as it is on the disk.
func AppendRecord(dst []byte, r *progress.Record) []byte { return appendRecord(dst, r) }

// DecodeRecord reads what AppendRecord wrote from the beginning of value, and
// returns what is behind it.
func DecodeRecord(value []byte, r *progress.Record) (rest []byte, err error) {
	d := decoder{rest: value}
	decodeRecord(&d, r)
	return d.rest, d.err
}
