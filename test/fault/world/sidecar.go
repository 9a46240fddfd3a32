package world

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"sync"
	"syscall"
	"time"

	"github.com/progress-sync/progress-sync/sidecar/status"
)

// startPause is between an end that we did not cause and the next start; kubelet
// is more patient.
const startPause = 50 * time.Millisecond

// Grace is how long a sidecar has from SIGTERM to its end.
const Grace = time.Second

// Sidecar is a process that is started again whenever it ends.
type Sidecar struct {
	Name string
	// Table that it writes to.
	Table string
	// API and Status are its addresses.
	API, Status string

	world  *World
	dir    string
	volume *volume
	client *http.Client
	done   chan struct{}

	mu      sync.Mutex
	changed *sync.Cond
	process *os.Process // nil while it is down
	starts  int
	wanted  bool // it is to run
	closing bool
	excused bool // an end of its own is no finding
	ending  bool // we ended it
	prefix  []string
}

func (w *World) newSidecar(name, table string) (*Sidecar, error) {
	s := &Sidecar{
		Name: name, Table: table, world: w, dir: filepath.Join(w.options.Dir, name),
		client: &http.Client{Timeout: patience}, done: make(chan struct{}),
	}
	s.changed = sync.NewCond(&s.mu)
	var err error
	if s.API, err = w.ports.address(); err != nil {
		return nil, err
	}
	if s.Status, err = w.ports.address(); err != nil {
		return nil, err
	}
	if s.volume, err = newVolume(s.file("volume")); err != nil {
		return nil, err
	}
	return s, nil
}

func (s *Sidecar) file(name string) string { return filepath.Join(s.dir, name) }

// Spool is the folder of its buffer.
func (s *Sidecar) Spool() string { return filepath.Join(s.volume.dir, "spool") }

func (s *Sidecar) run() {
	s.mu.Lock()
	s.wanted = true
	s.mu.Unlock()
	go s.supervise()
}

// supervise is the one to start the process and to see its end. The kernel
// takes the end of the starting thread for the end of the parent, so the thread
// is kept.
func (s *Sidecar) supervise() {
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	defer close(s.done)
	for {
		s.mu.Lock()
		for !s.wanted && !s.closing {
			s.changed.Wait()
		}
		if s.closing {
			s.mu.Unlock()
			return
		}
		command, log, err := s.command()
		if err == nil {
			err = command.Start()
		}
		if err != nil {
			s.closing = true
			s.mu.Unlock()
			s.world.found(fmt.Errorf("starting %s: %w", s.Name, err))
			return
		}
		s.process, s.ending = command.Process, false
		s.starts++
		s.changed.Broadcast()
		s.mu.Unlock()

		ended := command.Wait()
		_ = log.Close() // what matters in it is written
		s.mu.Lock()
		s.process = nil
		unexcused := !s.ending && !s.excused && !s.closing
		pause := !s.ending
		s.changed.Broadcast()
		s.mu.Unlock()
		if unexcused {
			s.world.found(fmt.Errorf("%s ended by itself, see %s: %w", s.Name, log.Name(), errorsOr(ended, errors.New("without an error"))))
		}
		if pause {
			<-time.After(startPause)
		}
	}
}

func (s *Sidecar) command() (*exec.Cmd, *os.File, error) {
	log, err := os.OpenFile(s.file("log"), os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o644)
	if err != nil {
		return nil, nil, fmt.Errorf("opening the log of a sidecar: %w", err)
	}
	arguments := append(append([]string(nil), s.prefix...), s.world.options.Binary, "run",
		"--config="+s.file("config/config.json"), "--database-uri-file="+s.file("database/uri"), "--spool="+s.Spool(),
		"--listen="+s.API, "--status-listen="+s.Status, "--termination-log="+s.file("termination-log"),
		"--grace-period="+Grace.String())
	command := exec.Command(arguments[0], arguments[1:]...)
	command.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL}
	command.Stderr = log
	return command, log, nil
}

// signal sends one and waits for the end, which is then no finding. It returns
// false when the process is down, or does not end in time.
func (s *Sidecar) signal(signal syscall.Signal, wait time.Duration) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.process == nil {
		return false
	}
	start := s.starts
	s.ending = true
	if err := s.process.Signal(signal); err != nil {
		return false // it has just ended
	}
	timeout := time.AfterFunc(wait, func() { s.changed.Broadcast() })
	defer timeout.Stop()
	for began := time.Now(); s.process != nil && s.starts == start && time.Since(began) < wait; {
		s.changed.Wait()
	}
	return s.process == nil || s.starts != start
}

// Kill ends the process with kill -9. It is started again at once. False means
// that there was none.
func (s *Sidecar) Kill() bool { return s.signal(syscall.SIGKILL, patience) }

// Terminate asks the process to end within its grace period, and kills it when
// it does not.
func (s *Sidecar) Terminate() bool {
	if s.signal(syscall.SIGTERM, 20*Grace) {
		return true
	}
	if s.Kill() {
		s.world.found(fmt.Errorf("%s did not end within %s of SIGTERM", s.Name, 20*Grace))
		return true
	}
	return false
}

// Down ends the process with kill -9 and leaves it down until Up.
func (s *Sidecar) Down() {
	s.mu.Lock()
	s.wanted = false
	s.mu.Unlock()
	s.Kill()
}

// Up lets the process run again.
func (s *Sidecar) Up() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.wanted = true
	s.changed.Broadcast()
}

// Excuse says whether the process may end by itself.
func (s *Sidecar) Excuse(excused bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.excused = excused
}

// Under starts the process through another program from its next start on.
func (s *Sidecar) Under(prefix ...string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.prefix = prefix
}

// Await returns when the process serves its status.
func (s *Sidecar) Await(ctx context.Context) error {
	return until(ctx, s.Name+" to run", func() (bool, error) {
		_, err := s.Document(ctx)
		return err == nil, err
	})
}

// Document is its status.
func (s *Sidecar) Document(ctx context.Context) (status.Document, error) {
	var d status.Document
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, "http://"+s.Status+"/v1/status", http.NoBody)
	if err != nil {
		return d, fmt.Errorf("asking %s for its status: %w", s.Name, err)
	}
	response, err := s.client.Do(request)
	if err != nil {
		return d, fmt.Errorf("asking %s for its status: %w", s.Name, err)
	}
	defer response.Body.Close()
	if err := json.NewDecoder(response.Body).Decode(&d); err != nil {
		return d, fmt.Errorf("reading the status of %s: %w", s.Name, err)
	}
	return d, nil
}

// Sync returns nil when all that it accepted is saved.
func (s *Sidecar) Sync(ctx context.Context) error {
	return s.post(ctx, "/v1/sync", "to save everything")
}

// Replay returns nil when all that it has set aside waits to be saved again.
func (s *Sidecar) Replay(ctx context.Context) error {
	return s.post(ctx, "/v1/dead-letters/replay", "to try again what was set aside")
}

func (s *Sidecar) post(ctx context.Context, path, what string) error {
	return until(ctx, s.Name+" "+what, func() (bool, error) {
		request, err := http.NewRequestWithContext(ctx, http.MethodPost, "http://"+s.API+path, http.NoBody)
		if err != nil {
			return false, err
		}
		response, err := s.client.Do(request)
		if err != nil {
			return false, err
		}
		defer response.Body.Close()
		if response.StatusCode == http.StatusOK {
			return true, nil
		}
		return false, errors.New(response.Status)
	})
}

func (s *Sidecar) close() error {
	s.mu.Lock()
	s.closing, s.wanted = true, false
	running := s.starts > 0
	s.changed.Broadcast()
	s.mu.Unlock()
	s.Kill()
	if running {
		<-s.done
	}
	s.client.CloseIdleConnections()
	return s.volume.close()
}
