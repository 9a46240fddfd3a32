package sidecar

import (
	"errors"
	"fmt"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"time"

	"github.com/progress-sync/progress-sync/test/kit/port"
	"github.com/progress-sync/progress-sync/test/kit/program"
)

// Options of a sidecar.
type Options struct {
	// Program is the executable, as program.Build returns it.
	Program string
	// Dir is the folder of its files; it is made if it is missing.
	Dir string
	// URI and Configuration are the first contents of its files; none if empty.
	URI, Configuration string
	// Spool is the folder of its buffer; in Dir if empty.
	Spool string
	// API and Status are its addresses; free ones if empty.
	API, Status string
	// Grace is how long it has from SIGTERM to its end; 20 s if zero.
	Grace time.Duration
	// Env is added to this process's environment, Arguments to the sidecar's flags.
	Env, Arguments []string
}

const usualGrace = 20 * time.Second

// Sidecar is a sidecar with its files. Its Service starts and ends it, again and
// again, on the same spool and the same addresses.
type Sidecar struct {
	program.Service
	// Client is for requests to the sidecar; connections end with Close.
	Client  *http.Client
	options Options
}

// New makes the files, and starts nothing.
func New(o Options) (*Sidecar, error) {
	for _, address := range []*string{&o.API, &o.Status} {
		if *address != "" {
			continue
		}
		var err error
		if *address, err = port.FreeAddress(); err != nil {
			return nil, err
		}
	}
	if o.Grace == 0 {
		o.Grace = usualGrace
	}
	if o.Spool == "" {
		o.Spool = filepath.Join(o.Dir, "spool")
	}
	if err := os.MkdirAll(o.Dir, 0o755); err != nil {
		return nil, fmt.Errorf("making the sidecar's folder: %w", err)
	}
	const connections = 64 // kept for the next request
	s := &Sidecar{options: o, Client: &http.Client{Transport: &http.Transport{MaxIdleConnsPerHost: connections}}}
	s.Service.Command = func() *exec.Cmd { return s.command() }
	s.Service.Log = s.File("sidecar.log")
	// Both ports are open before either answers.
	s.Service.Ready = program.Answers(s.StatusURL("/healthz"))
	var failures []error
	if o.URI != "" {
		failures = append(failures, s.SetURI(o.URI))
	}
	if o.Configuration != "" {
		failures = append(failures, s.Configure(o.Configuration))
	}
	return s, errors.Join(failures...)
}

// command is its command line, by way of another command if one is given.
func (s *Sidecar) command(under ...string) *exec.Cmd {
	line := append(append(under, s.options.Program, "run",
		"--config="+s.File("config/config.json"), "--database-uri-file="+s.File("database/uri"), "--spool="+s.Spool(),
		"--listen="+s.API(), "--status-listen="+s.Status(), "--termination-log="+s.File("termination-log"),
		"--grace-period="+s.options.Grace.String()), s.options.Arguments...)
	command := exec.Command(line[0], line[1:]...)
	command.Env = append(os.Environ(), s.options.Env...)
	return command
}

// Launch starts a process for which the caller answers in the Service's place: it
// may not be ready, and may have been started by way of another command, such as
// nsenter.
func (s *Sidecar) Launch(under ...string) (*program.Process, error) {
	return program.Start(s.command(under...), s.Service.Log)
}

// API is the address, host:port, at which it accepts progress.
func (s *Sidecar) API() string { return s.options.API }

// Status is the address, host:port, at which it tells how it is.
func (s *Sidecar) Status() string { return s.options.Status }

// URL of a path at API.
func (s *Sidecar) URL(path string) string { return "http://" + s.options.API + path }

// StatusURL of a path at Status.
func (s *Sidecar) StatusURL(path string) string { return "http://" + s.options.Status + path }

// File is the path of one of its files.
func (s *Sidecar) File(name string) string {
	return filepath.Join(s.options.Dir, filepath.FromSlash(name))
}

// Spool is the folder of its buffer.
func (s *Sidecar) Spool() string { return s.options.Spool }

// SetURI gives it the URI of a database, as a Secret that changes does.
func (s *Sidecar) SetURI(uri string) error { return replace(s.File("database/uri"), uri) }

// Configure gives it a configuration, as a ConfigMap that changes does.
func (s *Sidecar) Configure(content string) error {
	return replace(s.File("config/config.json"), content)
}

// replace writes a file in one step, as a mounted volume changes.
func replace(path, content string) error {
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		return fmt.Errorf("making a folder: %w", err)
	}
	if err := os.WriteFile(path+".new", []byte(content), 0o600); err != nil {
		return fmt.Errorf("writing a file: %w", err)
	}
	if err := os.Rename(path+".new", path); err != nil {
		return fmt.Errorf("writing a file: %w", err)
	}
	return nil
}

// Logged is all that its processes have logged so far.
func (s *Sidecar) Logged() (string, error) {
	content, err := os.ReadFile(s.Service.Log)
	if errors.Is(err, os.ErrNotExist) {
		return "", nil // it was never started
	}
	return string(content), err
}

// LastWords are the line in the termination log.
func (s *Sidecar) LastWords() (string, error) {
	content, err := os.ReadFile(s.File("termination-log"))
	return strings.TrimSpace(string(content)), err
}

// Close kills it and closes the client's connections. The files stay.
func (s *Sidecar) Close() {
	s.Kill()
	s.Client.CloseIdleConnections()
}
