package hop_test

import (
	"context"
	"errors"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/progress-sync/progress-sync/sidecar/peers/hop"
	"github.com/progress-sync/progress-sync/sidecar/peers/wire"
	"github.com/progress-sync/progress-sync/sidecar/spool"
)

// memory is where pages of event ids arrive.
type memory struct {
	pages []wire.Events
	err   error
}

func (m *memory) Take(_ context.Context, page *wire.Events) error {
	m.pages = append(m.pages, *page)
	return m.err
}

// Ids that are taken for handed over and are not let an update count twice.
func TestEventIDsAreHandedOverWhenThePeerHasThem(t *testing.T) {
	p, m := newPair(t, &home{}, quick()), &memory{}
	kill(p.server)
	p.doorOptions.Events = m
	p.restart(t)
	page := &wire.Events{View: 3, Last: true, IDs: make([]spool.EventID, wire.MaxEventIDs)}
	if err := p.link.HandOver(t.Context(), page); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff([]wire.Events{*page}, m.pages); diff != "" {
		t.Error(diff)
	}
	m.err = errors.New("the disk is full")
	if err := p.link.HandOver(t.Context(), page); err == nil {
		t.Error("what the disk does not have is handed over")
	}
	p.server.Stop()
	if err := p.link.HandOver(t.Context(), page); !errors.Is(err, hop.ErrUnreachable) {
		t.Errorf("a peer that stops: %v", err)
	}
}
