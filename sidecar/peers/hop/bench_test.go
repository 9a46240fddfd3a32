package hop_test

import (
	"context"
	"fmt"
	"sync/atomic"
	"testing"

	"github.com/progress-sync/progress-sync/sidecar/buffer"
	"github.com/progress-sync/progress-sync/sidecar/peers/hop"
	"github.com/progress-sync/progress-sync/sidecar/progress"
)

// fastHome answers without a disk, so that what is measured is the way.
type fastHome struct{ requests atomic.Int64 }

func (h *fastHome) PutFrom(
	_ context.Context, _ [16]byte, _ uint64, updates []progress.Update, _ []progress.Key,
) ([]buffer.Result, error) {
	h.requests.Add(1)
	results := make([]buffer.Result, len(updates))
	for i := range updates {
		results[i].Record = updates[i].Record(1_772_359_200_000_000, 95)
	}
	return results, nil
}

// BenchmarkHop hands one heartbeat on a call, over TLS on loopback, and beside it
// calls the home itself; ns/op is a call's.
func BenchmarkHop(b *testing.B) {
	heartbeat := update("ada")
	heartbeat.Duration, heartbeat.WatchedDelta, heartbeat.EventID = progress.Some(600), progress.Some(5), "0195a3c2-7c3e-7000-8000-000000000001"
	for _, callers := range []int{1, 64} {
		home := &fastHome{}
		run := func(name string, put func([]progress.Update) error) {
			b.Run(fmt.Sprintf("%s/%d", name, callers), func(b *testing.B) {
				home.requests.Store(0)
				b.ReportAllocs()
				b.SetParallelism((callers + 1) / 2)
				var left atomic.Int64
				left.Store(int64(callers))
				b.RunParallel(func(pb *testing.PB) {
					if left.Add(-1) < 0 { // there is one goroutine more where callers is odd
						return
					}
					updates := []progress.Update{heartbeat}
					for pb.Next() {
						if err := put(updates); err != nil {
							b.Error(err)
							return
						}
					}
				})
				b.ReportMetric(float64(home.requests.Load())/float64(b.N), "requests/op")
			})
		}
		run("direct", func(u []progress.Update) error {
			_, err := home.PutFrom(context.Background(), [16]byte{}, 1, u, nil)
			return err
		})
		link := benchLink(b, home)
		run("hop", func(u []progress.Update) error {
			_, err := link.Put(context.Background(), u)
			return err
		})
	}
}

func benchLink(b *testing.B, h *fastHome) *hop.Link {
	b.Helper()
	p := newPair(b, &home{}, hop.DefaultTimes())
	kill(p.server)
	p.doorOptions.Home = h
	var address string
	p.server, address = startDoor(b, p.doorOptions, "127.0.0.1:0")
	p.peer.Address = address // without the proxy
	p.links.Follow([]hop.Peer{p.peer})
	go func() {
		for range p.exchanges { // nobody asks for them
		}
	}()
	b.Cleanup(func() { close(p.exchanges) })
	return p.link
}
