package wire_test

import (
	"encoding/binary"
	"encoding/hex"
	"os"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/uuid"
	"pgregory.net/rapid"

	"github.com/progress-sync/progress-sync/sidecar/peers/wire"
	"github.com/progress-sync/progress-sync/sidecar/spool"
)

func anyEvents(t *rapid.T) wire.Events {
	anyUUID := rapid.Custom(func(t *rapid.T) uuid.UUID {
		return uuid.UUID(rapid.SliceOfN(rapid.Byte(), 16, 16).Draw(t, "uuid"))
	})
	e := wire.Events{
		Writer: anyUUID.Draw(t, "writer"), Owner: anyUUID.Draw(t, "owner"), View: rapid.Uint64().Draw(t, "view"),
		Last: rapid.Bool().Draw(t, "last"), Leaving: rapid.Bool().Draw(t, "leaving"), Written: rapid.Bool().Draw(t, "written"),
	}
	for range rapid.IntRange(0, 20).Draw(t, "ids") {
		e.IDs = append(e.IDs, spool.EventID(anyUUID.Draw(t, "id")))
	}
	return e
}

func TestEveryPageOfEventIDsArrivesAsItWasSent(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		sent := anyEvents(t)
		body := wire.AppendEvents(nil, &sent)
		arrived, err := wire.DecodeEvents(body)
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(sent, arrived); diff != "" {
			t.Fatal(diff)
		}
		if cut := body[:rapid.IntRange(0, len(body)-1).Draw(t, "cut")]; true {
			if e, err := wire.DecodeEvents(cut); err == nil {
				t.Fatalf("of %d bytes the first %d are %+v", len(body), len(cut), e)
			}
		}
	})
}

// Sidecars of two programs must read each other's pages as long as they have the same
// version of the protocol.
func TestAPageOfEventIDsIsWrittenInTheSameWayInAllPrograms(t *testing.T) {
	t.Parallel()
	e := wire.Events{
		Writer: uuid.MustParse("00112233-4455-6677-8899-aabbccddeeff"), Owner: uuid.MustParse("ffeeddcc-bbaa-9988-7766-554433221100"),
		View: 0x0102030405060708, Last: true, Leaving: true, IDs: []spool.EventID{{1, 2, 3}, {0xff}},
	}
	want, err := os.ReadFile("testdata/events-1.hex")
	if err != nil {
		t.Fatal(err)
	}
	if got := hex.EncodeToString(wire.AppendEvents(nil, &e)); got != strings.TrimSpace(string(want)) {
		t.Errorf("a page is written as\n%s, and testdata/events-1.hex has\n%s", got, want)
	}
}

func TestWhatIsNoPageOfEventIDsIsRefused(t *testing.T) {
	t.Parallel()
	good := wire.AppendEvents(nil, &wire.Events{IDs: make([]spool.EventID, 2)})
	change := func(at int, b byte) []byte {
		bad := append([]byte(nil), good...)
		bad[at] = b
		return bad
	}
	const bits, count = 33, 42
	for name, body := range map[string][]byte{
		"nothing":                         nil,
		"another version of the protocol": change(0, wire.Version+1),
		"a bit that nobody knows":         change(bits, 8),
		"fewer ids than it says":          change(count, 3),
		"more ids than it says":           change(count, 1),
		"more ids than a page has":        append(binary.AppendUvarint(good[:count:count], wire.MaxEventIDs+1), make([]byte, 16*(wire.MaxEventIDs+1))...),
		"a count that memory can't hold":  binary.AppendUvarint(good[:count:count], 1<<62),
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			if e, err := wire.DecodeEvents(body); err == nil {
				t.Errorf("it is read as %d ids, %+v", len(e.IDs), e)
			}
		})
	}
	if e, err := wire.DecodeEvents(wire.AppendEvents(nil, &wire.Events{IDs: make([]spool.EventID, wire.MaxEventIDs)})); err != nil || len(e.IDs) != wire.MaxEventIDs {
		t.Errorf("a full page: %v", err)
	}
}

func FuzzDecodeEvents(f *testing.F) {
	f.Add(wire.AppendEvents(nil, &wire.Events{}))
	f.Add(wire.AppendEvents(nil, &wire.Events{Last: true, Leaving: true, View: 1, IDs: make([]spool.EventID, 3)}))
	f.Fuzz(func(t *testing.T, body []byte) {
		e, err := wire.DecodeEvents(body)
		if err != nil {
			return
		}
		again, err := wire.DecodeEvents(wire.AppendEvents(nil, &e))
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(e, again); diff != "" {
			t.Error(diff)
		}
	})
}
