package main

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/progress-sync/progress-sync/test/bench/alternative"
	"github.com/progress-sync/progress-sync/test/bench/subject"
)

// settings of the sidecar that an experiment may choose; the rest are the
// product's defaults.
type settings struct {
	interval   time.Duration
	batchSize  int
	maxPending int
}

// sidecar is the product under measurement.
type sidecar struct {
	*subject.Process
	binary string
	// uri of its database.
	uri   string
	spool string
	files string
	admin string
	pprof string
}

// startSidecars runs one of each build, each with a database and a spool of its
// own. stop ends them, whatever the error.
func (s *suite) startSidecars(ctx context.Context, name string, set settings) (all []*sidecar, stop func(), err error) {
	stop = func() {
		for _, c := range all {
			c.Kill()
		}
	}
	for i, b := range s.builds() {
		own := fmt.Sprintf("%s_%d", name, i)
		uri, err := s.database(ctx, own)
		if err != nil {
			return all, stop, err
		}
		c, err := s.startSidecar(ctx, b, own, uri, set)
		if err != nil {
			return all, stop, err
		}
		all = append(all, c)
	}
	return all, stop, nil
}

func (s *suite) startSidecar(ctx context.Context, b build, name, uri string, set settings) (*sidecar, error) {
	c := &sidecar{binary: b.path, uri: uri, spool: filepath.Join(s.dir, name+"-spool"), files: filepath.Join(s.dir, name)}
	if err := os.MkdirAll(c.files, 0o700); err != nil {
		return nil, fmt.Errorf("making the sidecar's folder: %w", err)
	}
	config, err := json.Marshal(map[string]any{
		"sync":   map[string]any{"interval": set.interval.String(), "batchSize": set.batchSize},
		"buffer": map[string]any{"maxPendingRecords": set.maxPending, "sizeLimitBytes": int64(8) << 30},
	})
	if err != nil {
		return nil, fmt.Errorf("writing the sidecar's configuration: %w", err)
	}
	for file, content := range map[string][]byte{"config.json": config, "uri": []byte(uri)} {
		if err := os.WriteFile(filepath.Join(c.files, file), content, 0o600); err != nil {
			return nil, fmt.Errorf("writing the sidecar's configuration: %w", err)
		}
	}
	return c, c.start(ctx)
}

// start runs the sidecar on its files and spool, for the first time or again.
func (c *sidecar) start(ctx context.Context) error {
	api, err := freeAddress(ctx)
	if err != nil {
		return err
	}
	admin, err := freeAddress(ctx)
	if err != nil {
		return err
	}
	pprof, err := freeAddress(ctx)
	if err != nil {
		return err
	}
	process, err := subject.Start(ctx, c.files+".log", api, c.binary, "run",
		"--config="+filepath.Join(c.files, "config.json"),
		"--database-uri-file="+filepath.Join(c.files, "uri"),
		"--spool="+c.spool,
		"--listen="+api,
		"--status-listen="+admin,
		"--pprof="+pprof,
		"--termination-log="+filepath.Join(c.files, "termination"),
	)
	if err != nil {
		return err
	}
	c.Process, c.admin, c.pprof = process, admin, pprof
	return nil
}

// sync forces everything into the database and returns when it is there.
func (c *sidecar) sync(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, 5*time.Minute)
	defer cancel()
	for {
		request, err := http.NewRequestWithContext(ctx, http.MethodPost, "http://"+c.Address+"/v1/sync", nil)
		if err != nil {
			return err
		}
		response, err := http.DefaultClient.Do(request)
		if err != nil {
			return fmt.Errorf("forcing a sync: %w", err)
		}
		answer, err := io.ReadAll(response.Body)
		_ = response.Body.Close()
		if err != nil {
			return fmt.Errorf("forcing a sync: %w", err)
		}
		switch response.StatusCode {
		case http.StatusOK:
			return nil
		case http.StatusGatewayTimeout, http.StatusServiceUnavailable:
			// The call waits for a bounded time; a large backlog takes several.
		default:
			return fmt.Errorf("forcing a sync: %s: %s", response.Status, answer)
		}
		if ctx.Err() != nil {
			return fmt.Errorf("forcing a sync: %s: %s", response.Status, answer)
		}
	}
}

// startAlternative runs one of the servers of package alternative.
func (s *suite) startAlternative(ctx context.Context, kind, uri string) (*subject.Process, error) {
	self, err := os.Executable()
	if err != nil {
		return nil, fmt.Errorf("finding the alternatives' program: %w", err)
	}
	if kind == alternative.Direct {
		conn, err := pgx.Connect(ctx, uri)
		if err != nil {
			return nil, fmt.Errorf("connecting for the direct writer: %w", err)
		}
		err = alternative.CreateTable(ctx, conn)
		_ = conn.Close(ctx)
		if err != nil {
			return nil, err
		}
	}
	address, err := freeAddress(ctx)
	if err != nil {
		return nil, err
	}
	return subject.Start(ctx, filepath.Join(s.dir, kind+".log"), address, self, "serve", "-kind="+kind, "-listen="+address, "-uri="+uri)
}
