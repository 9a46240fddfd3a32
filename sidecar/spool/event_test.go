package spool

import (
	"bytes"
	"errors"
	"testing"

	"github.com/progress-sync/progress-sync/sidecar/learnerhash"
)

// A spool must stay readable for later versions, and what a later one writes must not
// be taken for something else.
func TestWhatBecameOfAnEventIsOnTheDiskAsItEverWas(t *testing.T) {
	for name, tt := range map[string]struct {
		value []byte
		kind  EventKind
		err   error
	}{
		"a salted id":                     {[]byte{1}, EventSalted, nil},
		"an event that was merged":        {[]byte{1, 1}, EventMerged, nil},
		"an event that was handed on":     {[]byte{1, 2}, EventHandedOn, nil},
		"another way to say salted":       {[]byte{1, 0}, 0, errVersion},
		"a kind of a later version":       {[]byte{1, 3}, 0, errVersion},
		"a later version of the value":    {[]byte{2, 1}, 0, errVersion},
		"a kind with something behind it": {[]byte{1, 1, 1}, EventMerged, errTrailing},
		"nothing":                         {nil, 0, errTruncated},
	} {
		t.Run(name, func(t *testing.T) {
			kind, err := decodeEventKind(tt.value)
			if !errors.Is(err, tt.err) || err == nil && kind != tt.kind {
				t.Errorf("%d, %v", kind, err)
			}
			if tt.err == nil && !bytes.Equal(tt.kind.encode(nil), tt.value) {
				t.Errorf("it is written as %x", tt.kind.encode(nil))
			}
		})
	}
}

// By its id an event is sent to the home of its learner, which all sidecars must find
// alike.
func TestAnEventIDHasTheHashOfItsLearnerInFront(t *testing.T) {
	const ada = 0xd36c3934091206d0
	id := EventID{0xd3, 0x6c, 0x39, 0x34, 0x09, 0x12, 0x06, 0xd0, 1, 2, 3}
	if got := id.Learner(); got != ada || learnerhash.Of("ada") != ada {
		t.Errorf("%x, and ada is %x", got, learnerhash.Of("ada"))
	}
}
