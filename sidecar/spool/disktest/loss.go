package disktest

import (
	"maps"
	"math/rand/v2"
	"slices"
)

// Killed returns a copy of the disk as a process finds it that starts after
// another one was killed at this moment: with all that was written, and a loss of
// power can still take what was not synced.
func (d *Disk) Killed() *Disk {
	d.mu.Lock()
	defer d.mu.Unlock()
	copies := map[*inode]*inode{}
	copied := func(i *inode) *inode {
		if i != nil && copies[i] == nil {
			copies[i] = &inode{is: i.is.clone(), durable: i.durable.clone(), writes: slices.Clone(i.writes)}
		}
		return copies[i]
	}
	to := New()
	to.limit, to.dirs = d.limit, maps.Clone(d.dirs)
	for name, i := range d.names {
		to.names[name] = copied(i)
	}
	for name, i := range d.durable {
		to.durable[name] = copied(i)
	}
	for _, r := range d.pending {
		r.inode = copied(r.inode)
		to.pending = append(to.pending, r)
	}
	return to
}

// Crashed returns a copy of the disk as it could be after a loss of power at
// this moment: with all that was synced, and of what was written and renamed since
// about the given percentage, in any order; a write may have happened in part. For
// 0 percent rng may be nil.
func (d *Disk) Crashed(percent int, rng *rand.Rand) *Disk {
	d.mu.Lock()
	defer d.mu.Unlock()
	kept := func() bool { return percent > 0 && rng.IntN(100) < percent }
	names := maps.Clone(d.durable)
	for _, r := range d.pending {
		if kept() {
			r.apply(names)
		}
	}
	to := New()
	to.limit, to.dirs = d.limit, maps.Clone(d.dirs)
	for name, i := range names {
		after := i.durable.clone()
		if kept() {
			after.cut(i.is.size)
			after.size = i.is.size
		}
		for _, w := range i.writes {
			if kept() {
				w.tear(&after, rng)
			}
		}
		to.names[name] = &inode{is: after, durable: after.clone()}
	}
	to.durable = maps.Clone(to.names)
	return to
}

// tear does a write, or any part of it.
func (w write) tear(after *content, rng *rand.Rand) {
	from, to := 0, len(w.data)
	switch rng.IntN(5) {
	case 0:
		to = rng.IntN(to + 1)
	case 1:
		from = rng.IntN(to + 1)
	case 2:
		from = rng.IntN(to + 1)
		to = from + rng.IntN(to-from+1)
	case 3:
		w.scatter(after, rng)
		return
	}
	after.put(w.data[from:to], w.at+int64(from))
}

// scatter does some sectors of a write and not the others. A sector is smaller here
// than on a disk, since what tests write is.
func (w write) scatter(after *content, rng *rand.Rand) {
	sector := int64(8) << rng.IntN(7)
	for from := int64(0); from < int64(len(w.data)); {
		to := min(int64(len(w.data)), (w.at+from)/sector*sector+sector-w.at)
		if rng.IntN(2) == 0 {
			after.put(w.data[from:to], w.at+from)
		}
		from = to
	}
}

// Contents returns what is in the files, by their paths.
func (d *Disk) Contents() map[string][]byte {
	d.mu.Lock()
	defer d.mu.Unlock()
	all := map[string][]byte{}
	for name, i := range d.names {
		all[name] = i.is.bytes()
	}
	return all
}
