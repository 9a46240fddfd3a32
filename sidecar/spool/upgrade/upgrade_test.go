package upgrade

import (
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/progress-sync/progress-sync/sidecar/spool"
)

// program builds spool-import.
func program(t *testing.T) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), ProgramName)
	command := exec.CommandContext(t.Context(), "go", "build", "-o", path, "../../../cmd/spool-import")
	if out, err := command.CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	return path
}

func TestAnEarlierSpoolIsOpenedAfterTheProgramImportedIt(t *testing.T) {
	dir := t.TempDir()
	if err := os.CopyFS(dir, os.DirFS("../frompebble/testdata/killed/spool")); err != nil {
		t.Fatal(err)
	}
	o := spool.Options{Dir: dir}
	if _, err := spool.Open(o); !errors.Is(err, spool.ErrEarlier) {
		t.Fatalf("without the program: %v", err)
	}
	missing := filepath.Join(dir, "nothing")
	o.Import = func(dir string) error {
		_, err := Run(t.Context(), missing, dir)
		return err
	}
	if _, err := spool.Open(o); err == nil || !strings.Contains(err.Error(), missing) {
		t.Fatalf("with a program that isn't there: %v", err)
	}
	var report Report
	path := program(t)
	o.Import = func(dir string) (err error) {
		report, err = Run(t.Context(), path, dir)
		return err
	}
	s, err := spool.Open(o)
	if err != nil {
		t.Fatal(err)
	}
	if err := s.Close(); err != nil {
		t.Error(err)
	}
	if report.Pending != 4 || report.Tombstones != 2 || report.Bytes < 1000 {
		t.Errorf("reported %+v", report)
	}
	o.Import = nil
	if s, err = spool.Open(o); err != nil {
		t.Fatalf("once more: %v", err)
	}
	if s.State() != spool.Imported {
		t.Errorf("its state is %d", s.State())
	}
	if err := s.Close(); err != nil {
		t.Error(err)
	}
}

func TestWhyAnImportFailedIsTold(t *testing.T) {
	dir := t.TempDir()
	if err := os.CopyFS(dir, os.DirFS("../frompebble/testdata/killed/spool")); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(dir, "MANIFEST-000026"), []byte("nothing"), 0o600); err != nil {
		t.Fatal(err)
	}
	_, err := Run(t.Context(), program(t), dir)
	if err == nil || !strings.Contains(err.Error(), "opening it with Pebble") {
		t.Errorf("error %v", err)
	}
	if _, err := os.Stat(filepath.Join(dir, "000025.sst")); err != nil {
		t.Error(err)
	}
}
