package peers

import (
	"context"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/uuid"
)

// way is a member that answers.
type way func(*http.Request) (*http.Response, error)

func (w way) RoundTrip(r *http.Request) (*http.Response, error) { return w(r) }

// brokenBody is an answer that breaks off.
type brokenBody struct{}

func (brokenBody) Read([]byte) (int, error) { return 0, io.ErrUnexpectedEOF }
func (brokenBody) Close() error             { return nil }

// A member that is taken for one that has answered may hold what a forced sync says is
// saved.
func TestEachMemberAnswersForItself(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	says := func(text string) way {
		return func(r *http.Request) (*http.Response, error) {
			return &http.Response{StatusCode: http.StatusOK, Body: io.NopCloser(strings.NewReader(text + " " + r.Method + " " + r.URL.String()))}, nil
		}
	}
	ways := []http.RoundTripper{
		says("one"), nil,
		way(func(*http.Request) (*http.Response, error) { return nil, errors.New("away") }),
		way(func(*http.Request) (*http.Response, error) {
			return &http.Response{StatusCode: http.StatusOK, Body: brokenBody{}}, nil
		}),
		way(func(r *http.Request) (*http.Response, error) {
			cancel() // the time is up
			<-r.Context().Done()
			return nil, r.Context().Err()
		}),
		way(func(*http.Request) (*http.Response, error) {
			return &http.Response{StatusCode: http.StatusServiceUnavailable, Body: http.NoBody}, nil
		}),
		says("seven"),
	}
	r := httptest.NewRequest(http.MethodDelete, "/v1/users/a%2Fb?timeout=1s", nil).WithContext(ctx)
	r.Header.Set("Cookie", "session=1")
	got := make([]string, len(ways))
	for i, a := range askEach(r, ways) {
		got[i] = string(a)
	}
	const asked = " DELETE https://peer/peer/v1/api/v1/users/a%2Fb?timeout=1s"
	if diff := cmp.Diff([]string{"one" + asked, "", "", "", "", "", "seven" + asked}, got); diff != "" {
		t.Errorf("the answers (-want +got):\n%s", diff)
	}
}

func TestOnlySoManyMembersAreAskedAtOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var now, most atomic.Int64
		busy := way(func(*http.Request) (*http.Response, error) {
			for n := now.Add(1); ; {
				if m := most.Load(); n <= m || most.CompareAndSwap(m, n) {
					break
				}
			}
			<-time.After(time.Second)
			now.Add(-1)
			return nil, errors.New("away")
		})
		ways := make([]http.RoundTripper, 63)
		for i := range ways {
			ways[i] = busy
		}
		askEach(httptest.NewRequest(http.MethodPost, "/v1/sync", nil), ways)
		if most.Load() != askedAtOnce {
			t.Errorf("%d were asked at once", most.Load())
		}
	})
}

// place is where a learner is at home, and tells of changes.
type place struct {
	mu      sync.Mutex
	writer  uuid.UUID
	changed chan struct{}
}

func (p *place) is() uuid.UUID {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.writer
}

func (p *place) change() <-chan struct{} {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.changed
}

// set publishes the home once more, and tells of it unless silent.
func (p *place) set(writer uuid.UUID, silent bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.writer = writer
	if !silent {
		close(p.changed)
		p.changed = make(chan struct{})
	}
}

// A stream that went on at the old home would tell nothing of what the learner does.
func TestAStreamIsEndedByANewHomeAndByNothingElse(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		here, there := uuid.New(), uuid.New()
		p := &place{writer: here, changed: make(chan struct{})}
		while, end := whileSame(t.Context(), p.is, p.change)
		defer end()
		for range 3 { // others come and go
			p.set(here, false)
			synctest.Wait()
			if while.Err() != nil {
				t.Fatal("it ended although the home is the same")
			}
		}
		p.set(there, false)
		synctest.Wait()
		if while.Err() == nil {
			t.Error("it goes on although the home is another one")
		}
	})
}

// Before a sidecar is enrolled nobody tells of changes.
func TestAHomeThatNobodyTellsOfIsFoundInTime(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := &place{writer: uuid.New()}
		while, end := whileSame(t.Context(), p.is, p.change)
		defer end()
		p.set(uuid.New(), true)
		<-time.After(homeCheck + time.Millisecond)
		synctest.Wait()
		if while.Err() == nil {
			t.Error("it goes on although the home is another one")
		}
	})
}

func TestAWatchEndsWithItsStream(t *testing.T) {
	synctest.Test(t, func(t *testing.T) { // which fails if a goroutine stays
		p := &place{writer: uuid.New(), changed: make(chan struct{})}
		_, end := whileSame(t.Context(), p.is, p.change)
		end()
		ctx, cancel := context.WithCancel(t.Context())
		_, end = whileSame(ctx, p.is, p.change)
		cancel()
		end()
	})
}
