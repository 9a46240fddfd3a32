package run

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/progress-sync/progress-sync/sidecar/spool/upgrade"
	"github.com/progress-sync/progress-sync/test/kit/program"
)

// An upgrade must not lose what the version before had accepted and not saved.
func TestTheSpoolOfAnEarlierVersionIsTakenOverAtStart(t *testing.T) {
	path, err := upgrade.Program()
	if err != nil {
		t.Fatal(err)
	}
	if err := program.BuildInto(t.Context(), "cmd/spool-import", path); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := os.Remove(path); err != nil {
			t.Error(err)
		}
	})
	p := newPod(t, "")
	if err := os.CopyFS(p.o.Spool, os.DirFS("../spool/frompebble/testdata/killed/spool")); err != nil {
		t.Fatal(err)
	}
	p.start()
	if s := p.buffer.Stats(); s.Pending != 4 || s.DeadLetters == 0 || s.InFlight == 0 {
		t.Errorf("it holds %+v", s)
	}
	if said := "Imported the spool of an earlier version"; !strings.Contains(p.log.String(), said) {
		t.Errorf("the log does not say %q", said)
	}
	if left, err := filepath.Glob(filepath.Join(p.o.Spool, "*.sst")); err != nil || len(left) > 0 {
		t.Errorf("%v are left of it, %v", left, err)
	}
	p.stop()
	p.start()
	if s := p.buffer.Stats(); s.Pending != 4 {
		t.Errorf("after a restart it holds %+v", s)
	}
}
