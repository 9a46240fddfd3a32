package process

import (
	"errors"
	"os"
	"os/exec"
	"slices"
	"strconv"
	"testing"

	"github.com/progress-sync/progress-sync/test/kit"
)

func TestAStartedProgramAndItsChildrenAreFoundByTheirMark(t *testing.T) {
	group := Group{Dir: t.TempDir()}
	if err := group.Start("parent", "/bin/sh", []string{"-c", "/bin/cat /dev/zero >/dev/null & /bin/cat /dev/zero > /dev/null; :"}, nil); err != nil {
		t.Fatal(err)
	}
	kit.Eventually(t, "the shell and its two children", func() error {
		pids, err := group.Members()
		return errors.Join(err, kit.Unless(len(pids) == 3, pids))
	})
	if !group.Alive("parent") {
		t.Error("the parent does not count as alive")
	}
	other := Group{Dir: t.TempDir()}
	if pids, err := other.Members(); err != nil || len(pids) != 0 {
		t.Errorf("another run folder owns %v, %v", pids, err)
	}
	if err := KillAll(t.Context(), group.Members); err != nil {
		t.Fatal(err)
	}
	if group.Alive("parent") {
		t.Error("the parent counts as alive after it was killed")
	}
}

func TestAProcessThatTookOverTheIDIsNotOurs(t *testing.T) {
	group := Group{Dir: t.TempDir()}
	if err := group.Start("short", "/bin/true", nil, nil); err != nil {
		t.Fatal(err)
	}
	kit.Eventually(t, "the end of the program", func() error { return kit.Unless(!group.Alive("short"), "it runs") })
	stranger := exec.Command("/bin/cat")
	stdin, err := stranger.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := stranger.Start(); err != nil {
		t.Fatal(err)
	}
	defer func() { _ = stdin.Close(); _ = stranger.Wait() }()
	record := []byte(`{"pid":` + strconv.Itoa(stranger.Process.Pid) + `,"start":1}`)
	if err := os.WriteFile(group.record("short"), record, 0o600); err != nil {
		t.Fatal(err)
	}
	if group.Alive("short") {
		t.Error("a stranger with the recorded id counts as ours")
	}
	if pids, err := group.Members(); err != nil || slices.Contains(pids, stranger.Process.Pid) {
		t.Errorf("the stranger is among the marked: %v, %v", pids, err)
	}
}
