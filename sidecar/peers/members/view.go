package members

import (
	"bytes"
	"slices"
	"time"

	"github.com/google/uuid"
)

// View is the members that the registry has told one sidecar of, without that one.
// It never changes. The zero View is of nobody.
type View struct {
	// AsOf is when it was told, by the clock of the database; zero if never. It only
	// serves to ask for what has changed since.
	AsOf    time.Time
	entries []Entry // sorted by writer
}

// Entry is a member with a hash of all that is known of it. What the hash is made of
// is the registry's affair: it is only ever compared with another one.
type Entry struct {
	Member
	Hash int64
}

// Digest tells two Views apart, without their members.
type Digest struct {
	Count int64
	// Sum of the hashes.
	Sum int64
}

// Digest is that of the members in v.
func (v View) Digest() Digest {
	d := Digest{Count: int64(len(v.entries))}
	for _, e := range v.entries {
		d.Sum += e.Hash
	}
	return d
}

// Members are those in v, by writer.
func (v View) Members() []Member {
	all := make([]Member, 0, len(v.entries))
	for _, e := range v.entries {
		all = append(all, e.Member)
	}
	return all
}

// After is v after what the registry says has changed since: members that are there,
// in place of those of the same writers, and writers that are gone.
func (v View) After(asOf time.Time, changed []Entry, gone []uuid.UUID) View {
	out := make(map[uuid.UUID]bool, len(changed)+len(gone))
	for _, e := range changed {
		out[e.Writer] = true
	}
	for _, writer := range gone {
		out[writer] = true
	}
	next := View{AsOf: asOf, entries: slices.Clone(changed)}
	for _, e := range v.entries {
		if !out[e.Writer] {
			next.entries = append(next.entries, e)
		}
	}
	slices.SortFunc(next.entries, func(a, b Entry) int { return bytes.Compare(a.Writer[:], b.Writer[:]) })
	return next
}
