package world

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"sync"
	"syscall"
	"time"

	"github.com/google/uuid"

	"github.com/progress-sync/progress-sync/sidecar/status"
	"github.com/progress-sync/progress-sync/test/kit/program"
	"github.com/progress-sync/progress-sync/test/kit/sidecar"
	"github.com/progress-sync/progress-sync/test/kit/wait"
)

// startPause is between an end that we did not cause and the next start; kubelet
// is more patient.
const startPause = 50 * time.Millisecond

// Grace is how long a sidecar has from SIGTERM to its end, and memberGrace how long one
// with peers has, to which it hands over.
const (
	Grace       = time.Second
	memberGrace = 4 * time.Second
	endPatience = 20 * time.Second
)

// Sidecar is a process that is started again whenever it ends.
type Sidecar struct {
	Name string
	Role
	// Claim is taken by a fault that must be the only one to end this sidecar for good
	// or to change how it starts. Others may kill it meanwhile.
	Claim sync.Mutex

	world  *World
	kit    *sidecar.Sidecar
	volume *volume
	done   chan struct{}
	// port where it listens for peers, and line where these call it; 0 without peers.
	port, line int

	mu      sync.Mutex
	changed *sync.Cond
	process *program.Process // nil while it is down
	starts  int
	wanted  bool // it is to run
	closing bool
	excused bool // an end of its own is no finding
	ending  bool // we ended it
	ended   error
	prefix  []string
}

func (w *World) newSidecar(name string, role Role) (*Sidecar, error) {
	s := &Sidecar{Name: name, Role: role, world: w, done: make(chan struct{})}
	s.changed = sync.NewCond(&s.mu)
	dir := filepath.Join(w.options.Dir, name)
	var err error
	if s.volume, err = newVolume(filepath.Join(dir, "volume")); err != nil {
		return nil, err
	}
	o := sidecar.Options{
		Program: w.options.Binary, Dir: dir, Grace: Grace, Arguments: []string{"--webhook-secret-dir=" + w.secretDir()},
	}
	// Named as by a pod, which says that it outlives the process: then what waits for its
	// home may stay there.
	o.Spool = filepath.Join(s.volume.dir, uuid.NewString())
	if role.Service != "" {
		err = w.connect(s, &o)
	}
	if err == nil {
		s.kit, err = sidecar.New(o)
	}
	if err != nil {
		return nil, errors.Join(err, s.volume.close())
	}
	s.kit.Client.Timeout = patience
	return s, nil
}

// API is its address for learners.
func (s *Sidecar) API() string { return s.kit.API() }

// Spool is the folder of its buffer.
func (s *Sidecar) Spool() string { return s.kit.Spool() }

func (s *Sidecar) run() {
	s.want(true)
	go s.supervise()
}

// supervise is the one to start the process and to see its end.
func (s *Sidecar) supervise() {
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
		process, err := s.kit.Launch(s.prefix...)
		if err != nil {
			s.closing = true
			s.mu.Unlock()
			s.world.found(fmt.Errorf("starting %s: %w", s.Name, err))
			return
		}
		s.process, s.ending = process, false
		s.starts++
		s.world.Trace.Printf("%s (%s) started as %d", s.Name, s.API(), process.PID())
		s.changed.Broadcast()
		s.mu.Unlock()

		ended := process.Wait()
		s.world.Trace.Printf("%s ended: %v", s.Name, ended)
		s.mu.Lock()
		s.process, s.ended = nil, ended
		unexcused := !s.ending && !s.excused && !s.closing
		pause := !s.ending
		s.changed.Broadcast()
		s.mu.Unlock()
		if unexcused {
			if ended == nil {
				ended = errors.New("without an error")
			}
			s.world.found(fmt.Errorf("%s ended by itself, see %s: %w", s.Name, s.kit.Log, ended))
		}
		if pause {
			<-time.After(startPause)
		}
	}
}

// signal sends one and waits for the end, which is then no finding. It returns
// false when the process is down, or does not end in time.
func (s *Sidecar) signal(signal syscall.Signal, within time.Duration) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.process == nil {
		return false
	}
	start := s.starts
	s.ending = true
	s.world.Trace.Printf("%s is sent %s", s.Name, signal)
	if !s.process.Running() || s.process.Signal(signal) != nil {
		return false // it has just ended
	}
	timeout := time.AfterFunc(within, func() { s.changed.Broadcast() })
	defer timeout.Stop()
	for began := time.Now(); s.process != nil && s.starts == start && time.Since(began) < within; {
		s.changed.Wait()
	}
	return s.process == nil || s.starts != start
}

// Kill ends the process with kill -9. It is started again at once. False means
// that there was none.
func (s *Sidecar) Kill() bool { return s.signal(syscall.SIGKILL, patience) }

// terminate asks the process to end within its grace period, and kills it when it does
// not. False means that there was none.
func (s *Sidecar) terminate() bool {
	if s.signal(syscall.SIGTERM, endPatience) {
		return true
	}
	if s.Kill() {
		s.world.found(fmt.Errorf("%s did not end within %s of SIGTERM", s.Name, endPatience))
		return true
	}
	return false
}

// Down ends the process with kill -9 and leaves it down until Up.
func (s *Sidecar) Down() {
	s.want(false)
	s.Kill()
}

// Up lets the process run again.
func (s *Sidecar) Up() { s.want(true) }

// want says whether the process is to run.
func (s *Sidecar) want(wanted bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.wanted = wanted
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
	return wait.Until(ctx, patience, s.Name+" runs", func(ctx context.Context) error {
		_, err := s.Document(ctx)
		return err
	})
}

// Document is its status.
func (s *Sidecar) Document(ctx context.Context) (d status.Document, err error) {
	if err := s.kit.Document(ctx, &d); err != nil {
		return d, fmt.Errorf("asking %s for its status: %w", s.Name, err)
	}
	return d, nil
}

// Sync returns nil when all that it accepted is saved.
func (s *Sidecar) Sync(ctx context.Context) error {
	return wait.Until(ctx, savePatience, s.Name+" saves everything", s.kit.Sync)
}

// Replay returns nil when all that it has set aside waits to be saved again.
func (s *Sidecar) Replay(ctx context.Context) error {
	return wait.Until(ctx, savePatience, s.Name+" tries again what was set aside", func(ctx context.Context) error {
		return s.kit.Post(ctx, "/v1/dead-letters/replay", "")
	})
}

// Redeliver returns nil when the events that were refused are about to be sent again.
func (s *Sidecar) Redeliver(ctx context.Context) error {
	return wait.Until(ctx, savePatience, s.Name+" has refused events sent again", func(ctx context.Context) error {
		return s.kit.Post(ctx, "/v1/events/undelivered/redeliver", "")
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
	s.kit.Client.CloseIdleConnections()
	return s.volume.close()
}
