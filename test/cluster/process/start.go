package process

import (
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"syscall"
)

// variable is the environment variable that names the run folder a process
// belongs to.
const variable = "PROGRESS_SYNC_RUN_FOLDER"

// Group is what runs for one run folder.
type Group struct {
	// Dir is the run folder, an absolute path.
	Dir string
}

// Identity is a process that can't be mistaken for a later one with its id.
type Identity struct {
	PID int `json:"pid"`
	// Start is in clock ticks since the machine's start.
	Start uint64 `json:"start"`
}

// Start runs a program in a session of its own, with its output in
// logs/<name>.log, and records it in pids/<name>.json.
func (g Group) Start(name, program string, args, env []string) error {
	logPath, pidPath := g.Log(name), g.record(name)
	if err := errors.Join(os.MkdirAll(filepath.Dir(logPath), 0o755), os.MkdirAll(filepath.Dir(pidPath), 0o755)); err != nil {
		return fmt.Errorf("starting %s: %w", name, err)
	}
	log, err := os.OpenFile(logPath, os.O_CREATE|os.O_WRONLY|os.O_APPEND, 0o644)
	if err != nil {
		return fmt.Errorf("starting %s: %w", name, err)
	}
	defer log.Close()
	cmd := exec.Command(program, args...)
	cmd.Dir = g.Dir
	cmd.Env = append(append(os.Environ(), env...), variable+"="+g.Dir)
	cmd.Stdout, cmd.Stderr = log, log
	cmd.SysProcAttr = &syscall.SysProcAttr{Setsid: true}
	if err := cmd.Start(); err != nil {
		return fmt.Errorf("starting %s: %w", name, err)
	}
	// Read before anyone waits for it, so that it is there even if it has ended.
	info, err := read(cmd.Process.Pid)
	// The starter may live longer than the program, in a test say: an ended
	// child must not stay a zombie.
	go func() { _ = cmd.Wait() }()
	if err != nil {
		return fmt.Errorf("recording %s: %w\n%s", name, err, g.Tail(name))
	}
	content, err := json.Marshal(Identity{PID: cmd.Process.Pid, Start: info.start})
	if err != nil {
		return fmt.Errorf("recording %s: %w", name, err)
	}
	if err := os.WriteFile(pidPath, content, 0o644); err != nil {
		return fmt.Errorf("recording %s: %w", name, err)
	}
	return nil
}

// Alive says whether the recorded process still runs.
func (g Group) Alive(name string) bool {
	content, err := os.ReadFile(g.record(name))
	if err != nil {
		return false
	}
	var id Identity
	if json.Unmarshal(content, &id) != nil {
		return false
	}
	info, err := read(id.PID)
	return err == nil && info.start == id.Start && !info.ended
}

// Log is the path of a program's output.
func (g Group) Log(name string) string { return filepath.Join(g.Dir, "logs", name+".log") }

// Tail is the end of a program's output.
func (g Group) Tail(name string) string {
	content, err := os.ReadFile(g.Log(name))
	if err != nil {
		return err.Error()
	}
	const most = 3000
	if len(content) > most {
		content = content[len(content)-most:]
	}
	return string(content)
}

func (g Group) record(name string) string { return filepath.Join(g.Dir, "pids", name+".json") }
