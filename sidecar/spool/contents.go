package spool

import (
	"encoding/binary"
	"fmt"

	"github.com/progress-sync/progress-sync/sidecar/progress"
)

// contents is what replaying the journal leaves: entries as they are on the disk,
// by their names, but for the ids of events.
type contents struct {
	entries map[string][]byte
	events  map[eventSegment]map[EventID]EventKind
}

func newContents() *contents {
	return &contents{entries: map[string][]byte{}, events: map[eventSegment]map[EventID]EventKind{}}
}

// apply does the operations of changes, in their order.
func (c *contents) apply(changes []byte) error {
	d := decoder{rest: changes}
	for n := 1; len(d.rest) > 0; n++ {
		if err := c.operation(&d); err != nil {
			return fmt.Errorf("operation %d cannot be read: %w", n, err)
		}
	}
	return nil
}

func (c *contents) operation(d *decoder) error {
	op := d.byte()
	name := d.bytes()
	var value []byte
	if op == opPut {
		value = d.bytes()
	}
	switch {
	case d.err != nil:
		return d.err
	case op < opPut || op > opForget:
		return errVersion
	case len(name) == 0:
		return errMalformed
	case op == opForget:
		return c.forget(name)
	case name[0] == eventEntry:
		return c.event(op, name, value)
	case op == opDelete:
		delete(c.entries, string(name))
	default:
		c.entries[string(name)] = append(make([]byte, 0, len(value)), value...)
	}
	return nil
}

func (c *contents) event(op byte, name, value []byte) error {
	segment, id, ok := decodeEventName(name)
	if !ok {
		return errMalformed
	}
	ids := c.events[segment]
	if op == opDelete {
		delete(ids, id)
		return nil
	}
	kind, err := decodeEventKind(value)
	if err != nil {
		return err
	}
	if ids == nil {
		ids = map[EventID]EventKind{}
		c.events[segment] = ids
	}
	ids[id] = kind
	return nil
}

// forget drops the segments of a lane's events up to the one that is named.
func (c *contents) forget(name []byte) error {
	if len(name) != numberedNameSize || name[0] != eventEntry {
		return errMalformed
	}
	lane, last := int(name[1]), progress.Instant(binary.BigEndian.Uint64(name[laneNameSize:]))
	for segment := range c.events {
		if segment.lane == lane && segment.opened <= last {
			delete(c.events, segment)
		}
	}
	return nil
}
