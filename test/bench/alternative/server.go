package alternative

import (
	"context"
	_ "embed"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"
)

//go:embed sql/one.sql
var upsertOne string

// Kinds of servers.
const (
	// ReadOnly reads the body and answers.
	ReadOnly = "read"
	// DecodeOnly also decodes it with encoding/json.
	DecodeOnly = "decode"
	// Direct writes each update with an upsert of its own over a pgx pool;
	// those of an array are pipelined.
	Direct = "direct"
)

// Serve runs a server of the given kind until ctx ends. Direct needs the URI of
// a database that has the table of CreateTable.
func Serve(ctx context.Context, kind, address, uri string) error {
	var handle func(context.Context, []byte) error
	switch kind {
	case ReadOnly:
		handle = func(context.Context, []byte) error { return nil }
	case DecodeOnly:
		handle = func(_ context.Context, body []byte) error {
			_, err := decode(body)
			return err
		}
	case Direct:
		pool, err := pgxpool.New(ctx, uri)
		if err != nil {
			return fmt.Errorf("connecting the direct writer: %w", err)
		}
		defer pool.Close()
		handle = func(ctx context.Context, body []byte) error { return write(ctx, pool, body) }
	default:
		return fmt.Errorf("no server of the kind %q", kind)
	}
	server := &http.Server{
		ReadHeaderTimeout: 5 * time.Second,
		Handler: http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			body, err := io.ReadAll(r.Body)
			if err == nil {
				err = handle(r.Context(), body)
			}
			if err != nil {
				http.Error(w, err.Error(), http.StatusInternalServerError)
				return
			}
			w.WriteHeader(http.StatusNoContent)
		}),
	}
	listener, err := net.Listen("tcp", address)
	if err != nil {
		return fmt.Errorf("listening: %w", err)
	}
	stop := context.AfterFunc(ctx, func() { _ = server.Close() })
	defer stop()
	if err := server.Serve(listener); !errors.Is(err, http.ErrServerClosed) {
		return fmt.Errorf("serving: %w", err)
	}
	return nil
}

func write(ctx context.Context, pool *pgxpool.Pool, body []byte) error {
	updates, err := decode(body)
	if err != nil {
		return err
	}
	if len(updates) == 1 {
		_, err := pool.Exec(ctx, upsertOne, updates[0].arguments()...)
		return err
	}
	var batch pgx.Batch
	for _, u := range updates {
		batch.Queue(upsertOne, u.arguments()...)
	}
	return pool.SendBatch(ctx, &batch).Close()
}

func (u update) arguments() []any {
	return []any{
		u.UserID, u.CourseID, u.LessonID, u.ModuleID, u.CurrentTime, u.Duration, u.percentage(), u.WatchedDelta,
		u.SeekEvents, u.PauseEvents, u.PlaybackSpeed, u.Completed, u.at(),
	}
}
