package scan

import "encoding/binary"

// nameIndex finds fields by their names. It is asked for every member of every
// update, so that it compares numbers and no strings.
type nameIndex struct {
	// slots has each field in the first free slot at or behind the one that its
	// name's hash gives. There are several times as many slots as fields.
	slots [1 << slotBits]named
}

const slotBits = 7

type named struct {
	print fingerprint
	name  string // empty if the slot is free
	field field
}

// fingerprint tells names of up to 16 bytes apart, and most others.
type fingerprint struct {
	length     int
	head, tail uint64 // the first and the last bytes, which may overlap
}

func fingerprintOf(name []byte) fingerprint {
	n := len(name)
	switch {
	case n >= 8:
		return fingerprint{n, binary.LittleEndian.Uint64(name), binary.LittleEndian.Uint64(name[n-8:])}
	case n >= 4:
		return fingerprint{n, uint64(binary.LittleEndian.Uint32(name)), uint64(binary.LittleEndian.Uint32(name[n-4:]))}
	}
	p := fingerprint{length: n}
	for _, c := range name {
		p.head = p.head<<8 | uint64(c)
	}
	return p
}

func (p fingerprint) slot() int {
	const odd = 0x9e3779b97f4a7c15 // spreads over the upper bits
	return int((p.head ^ p.tail<<1) * odd >> (64 - slotBits))
}

func (x *nameIndex) add(name string, f field) {
	p := fingerprintOf([]byte(name))
	slot := p.slot()
	for x.slots[slot].name != "" {
		slot = (slot + 1) % len(x.slots)
	}
	x.slots[slot] = named{p, name, f}
}

// of finds a field by its exact name.
func (x *nameIndex) of(name []byte) field {
	const exact = 16
	p := fingerprintOf(name)
	for slot := p.slot(); ; slot = (slot + 1) % len(x.slots) {
		n := &x.slots[slot]
		if n.name == "" {
			return fieldUnknown
		}
		if n.print == p && (len(name) <= exact || n.name == string(name)) {
			return n.field
		}
	}
}
