package main

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"strconv"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/progress-sync/progress-sync/sidecar/config"
	"github.com/progress-sync/progress-sync/test/bench/alternative"
	"github.com/progress-sync/progress-sync/test/bench/subject"
	"github.com/progress-sync/progress-sync/test/kit/port"
	"github.com/progress-sync/progress-sync/test/kit/sidecar"
)

// settings of the sidecar that an experiment may choose; the rest are the
// product's defaults.
type settings struct {
	interval   time.Duration
	batchSize  int
	maxPending int
	// peers is their mode; a sidecar without one has no port for others.
	peers config.PeersMode
}

// product is the sidecar under measurement: its files, and the process that runs
// on them.
type product struct {
	*subject.Process
	sidecar *sidecar.Sidecar
	// uri of its database.
	uri   string
	pprof string
	// peers is the port at which it listens for others, 0 for none.
	peers int
}

// startSidecars runs one of each build, each with a database and a spool of its
// own. stop ends them, whatever the error.
func (s *suite) startSidecars(ctx context.Context, name string, set settings) (all []*product, stop func(), err error) {
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

func (s *suite) startSidecar(ctx context.Context, b build, name, uri string, set settings) (*product, error) {
	content := map[string]any{
		"sync":   map[string]any{"interval": set.interval.String(), "batchSize": set.batchSize},
		"buffer": map[string]any{"maxPendingRecords": set.maxPending, "sizeLimitBytes": int64(8) << 30},
	}
	pprof, err := port.FreeAddress()
	if err != nil {
		return nil, err
	}
	c := &product{uri: uri, pprof: pprof}
	var environment []string
	if set.peers != "" {
		content["peers"] = map[string]any{"mode": set.peers}
		if c.peers, err = port.Free(); err != nil {
			return nil, err
		}
		environment = []string{config.PodIPVariable + "=127.0.0.1", config.PeersPortVariable + "=" + strconv.Itoa(c.peers)}
	}
	configuration, err := json.Marshal(content)
	if err != nil {
		return nil, fmt.Errorf("writing the sidecar's configuration: %w", err)
	}
	c.sidecar, err = sidecar.New(sidecar.Options{
		Program: b.path, Dir: filepath.Join(s.dir, name), URI: uri, Configuration: string(configuration),
		Env: environment, Arguments: []string{"--pprof=" + pprof},
	})
	if err != nil {
		return nil, err
	}
	return c, c.start(ctx)
}

// start runs the sidecar on its files and spool, for the first time or again.
func (c *product) start(ctx context.Context) error {
	process, err := c.sidecar.Launch()
	if err != nil {
		return err
	}
	awaited, err := subject.Await(ctx, process, c.sidecar.API())
	if err != nil {
		return err
	}
	c.Process = awaited
	return nil
}

// sync forces everything into the database and returns when it is there. A call
// waits for a bounded time; a large backlog takes several.
func (c *product) sync(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, 5*time.Minute)
	defer cancel()
	for {
		switch status, answer, err := c.sidecar.Do(ctx, http.MethodPost, "/v1/sync", ""); {
		case err != nil:
			return fmt.Errorf("forcing a sync: %w", err)
		case status == http.StatusOK:
			return nil
		case status != http.StatusGatewayTimeout && status != http.StatusServiceUnavailable:
			return fmt.Errorf("forcing a sync: %d %s", status, answer)
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
	address, err := port.FreeAddress()
	if err != nil {
		return nil, err
	}
	return subject.Start(ctx, filepath.Join(s.dir, kind+".log"), address, self, "serve", "-kind="+kind, "-listen="+address, "-uri="+uri)
}
