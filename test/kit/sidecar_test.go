package kit_test

import (
	"testing"
	"time"

	"go.uber.org/goleak"

	"github.com/progress-sync/progress-sync/test/kit"
	"github.com/progress-sync/progress-sync/test/kit/sidecar"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

func TestASidecarIsStartedAgainOnItsSpoolAndItsAddresses(t *testing.T) {
	s := kit.NewSidecar(t, sidecar.Options{Configuration: `{"sync":{"interval":"1h"}}`, Grace: time.Second})
	for range 2 {
		if err := s.Start(t.Context()); err != nil {
			t.Fatal(err)
		}
		if err := s.Post(t.Context(), "/v1/progress", `{"userId":"u","courseId":"c","lessonId":"l"}`); err != nil {
			t.Fatal(err)
		}
		s.Kill()
	}
	if err := s.Start(t.Context()); err != nil {
		t.Fatal(err)
	}
	var document struct{ Sync struct{ PendingUpdates int } }
	if err := s.Document(t.Context(), &document); err != nil || document.Sync.PendingUpdates != 2 {
		t.Errorf("%+v, %v", document, err)
	}
	if err := s.Stop(); err != nil {
		t.Error(err)
	}
	if words, err := s.LastWords(); err != nil || words == "" {
		t.Errorf("the termination log says %q, %v", words, err)
	}
}
