package collector

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"go.uber.org/goleak"

	"github.com/progress-sync/progress-sync/test/truth"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

func update(user string, n int) *truth.Update {
	return &truth.Update{
		Key:        truth.Key{UserID: user, CourseID: "c", LessonID: "l"},
		OccurredAt: time.UnixMicro(int64(1_000_000 + n)).UTC(),
	}
}

func start(t *testing.T, handler http.Handler) *Client {
	t.Helper()
	server := httptest.NewServer(handler)
	transport := &http.Transport{}
	client := NewClient(server.URL, &http.Client{Transport: transport})
	ctx, cancel := context.WithCancel(context.Background())
	var running sync.WaitGroup
	running.Go(func() { client.Run(ctx) })
	t.Cleanup(func() {
		cancel()
		running.Wait()
		transport.CloseIdleConnections()
		server.Close()
	})
	return client
}

func TestManySendersAreAllRecordedWhenRecordReturns(t *testing.T) {
	account := truth.NewAccount()
	client := start(t, Handler(account))
	const senders, each = 20, 30
	var sending sync.WaitGroup
	for s := range senders {
		sending.Go(func() {
			for n := range each {
				id := fmt.Sprintf("%d-%d", s, n)
				if err := client.Record(t.Context(), truth.Entry{ID: id, Update: update(fmt.Sprint(s), n)}); err != nil {
					t.Error(err)
				}
				if err := client.Record(t.Context(), truth.Entry{ID: id, Outcome: truth.Acknowledged}); err != nil {
					t.Error(err)
				}
			}
		})
	}
	sending.Wait()
	if diff := cmp.Diff(truth.Counts{Keys: senders, Acknowledged: senders * each}, account.Counts()); diff != "" {
		t.Error(diff)
	}
}

func TestACollectorThatFailsIsAskedAgain(t *testing.T) {
	account := truth.NewAccount()
	var asked atomic.Int32
	good := Handler(account)
	client := start(t, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		switch asked.Add(1) {
		case 1:
			w.WriteHeader(http.StatusBadGateway)
		case 2: // recorded, and the answer is lost
			good.ServeHTTP(httptest.NewRecorder(), r)
			panic(http.ErrAbortHandler)
		default:
			good.ServeHTTP(w, r)
		}
	}))
	if err := client.Record(t.Context(), truth.Entry{ID: "a", Update: update("u", 1)}); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(truth.Counts{Keys: 1, Uncertain: 1}, account.Counts()); diff != "" {
		t.Error(diff)
	}
}

func TestAWrongEntryIsTheSendersError(t *testing.T) {
	client := start(t, Handler(truth.NewAccount()))
	if err := client.Record(t.Context(), truth.Entry{ID: "a", Outcome: truth.Refused}); err == nil {
		t.Error("an outcome of nothing was recorded")
	}
}

func TestRecordEndsWithItsContext(t *testing.T) {
	client := start(t, http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusBadGateway) }))
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if err := client.Record(ctx, truth.Entry{ID: "a", Update: update("u", 1)}); !errors.Is(err, context.Canceled) {
		t.Errorf("got %v", err)
	}
}

func TestTheAccountCanBeRead(t *testing.T) {
	account := truth.NewAccount()
	if err := account.Record(truth.Entry{ID: "a", Update: update("u", 1), Outcome: truth.Acknowledged}); err != nil {
		t.Fatal(err)
	}
	answer := httptest.NewRecorder()
	Handler(account).ServeHTTP(answer, httptest.NewRequest(http.MethodGet, "/", nil))
	var got []truth.Entry
	for decoder := json.NewDecoder(answer.Body); ; {
		var entry truth.Entry
		err := decoder.Decode(&entry)
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			t.Fatal(err)
		}
		got = append(got, entry)
	}
	if diff := cmp.Diff(account.Entries(), got); diff != "" {
		t.Error(diff)
	}
}
