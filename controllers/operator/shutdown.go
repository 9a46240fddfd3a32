package operator

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"time"

	"golang.org/x/sync/errgroup"
)

// How long what runs may take to end, once it was told to. A call of the API
// server lasts at most the two seconds that its entry allows it.
const (
	leadingGrace = 10 * time.Second
	servingGrace = 10 * time.Second
)

// starter runs until its context ends.
type starter interface {
	Start(ctx context.Context) error
}

// errEnded says that a part ended which nobody had told to.
var errEnded = errors.New("it ended before the operator did")

// runBoth until the context ends. What leads ends with it, and gives its lease
// back at once; what serves ends when that is done and the delay is over, so that the
// API server and the nodes have forgotten this replica before it stops
// answering. A part that fails ends both at once.
func runBoth(ctx context.Context, serving, leading starter, delay time.Duration) error {
	group, failed := errgroup.WithContext(context.WithoutCancel(ctx))
	servingCtx, stopServing := context.WithCancel(failed)
	leadingCtx, stopLeading := context.WithCancel(failed)
	defer stopServing()
	defer stopLeading()
	defer context.AfterFunc(ctx, stopLeading)()

	led := make(chan struct{})
	var late error
	group.Go(func() error {
		defer close(led)
		err := ended(leadingCtx, "leading", leading.Start(leadingCtx))
		if ctx.Err() != nil {
			// It was told to end, and what serves ends in its time all the same.
			late, err = err, nil
		}
		return err
	})
	group.Go(func() error {
		return ended(servingCtx, "serving", serving.Start(servingCtx))
	})
	group.Go(func() error {
		defer stopServing()
		<-leadingCtx.Done()
		select {
		case <-time.After(delay):
		case <-failed.Done():
		}
		select {
		case <-led:
		case <-failed.Done():
		}
		return nil
	})
	return errors.Join(group.Wait(), late)
}

func ended(ctx context.Context, what string, err error) error {
	if err == nil && ctx.Err() == nil {
		err = errEnded
	}
	if err != nil {
		return fmt.Errorf("%s: %w", what, err)
	}
	return nil
}

// closing is the webhook's handler. Once the context has ended it asks the API
// server, which keeps its connections for as long as it can, to take another
// one for the next call; that one goes to another replica.
func closing(ctx context.Context, handler http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if ctx.Err() != nil {
			w.Header().Set("Connection", "close")
		}
		handler.ServeHTTP(w, r)
	})
}
