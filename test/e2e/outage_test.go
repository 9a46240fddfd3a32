//go:build e2e

package e2e

import (
	"fmt"
	"testing"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/progress-sync/progress-sync/api/v1alpha1"
	pgtest "github.com/progress-sync/progress-sync/test/postgres"
)

func TestStoppingPostgresForAMinuteUnderLoadIsSurvivedAndCaughtUp(t *testing.T) {
	t.Parallel()
	server, err := shared.startServer(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := server.Close(); err != nil {
			t.Error(err)
		}
	})
	c := newCampusOn(t, server)
	c.storeSecret(c.uri())
	c.apply()
	pod := c.start(c.lmsPod("lms-0"))
	c.learners(pod.Name, 20)
	c.eventuallyPolicy("the database is reachable", func(p *v1alpha1.ProgressSyncPolicy) error {
		return condition(p, v1alpha1.ConditionDatabaseReachable, metav1.ConditionTrue, v1alpha1.ReasonReachable)
	})

	if err := server.Stop(pgtest.Immediate); err != nil {
		t.Fatal(err)
	}
	end := time.After(time.Minute)
	c.eventuallyPolicy("the policy says that the database is gone", func(p *v1alpha1.ProgressSyncPolicy) error {
		return condition(p, v1alpha1.ConditionDatabaseReachable, metav1.ConditionFalse, v1alpha1.ReasonDatabaseUnreachable)
	})
	last, since := int64(-1), time.Now()
	throughout(t, end, func() error {
		if err := c.ready(t.Context(), pod); err != nil {
			return err
		}
		stats, err := c.stats(pod.Name)
		if err != nil {
			return err
		}
		if stats.Acknowledged > last {
			last, since = stats.Acknowledged, time.Now()
		}
		// A busy machine may take its time, but nothing is refused.
		if time.Since(since) > 20*time.Second || len(stats.Statuses) > 0 {
			return fmt.Errorf("nothing acknowledged since %s; what else was met: %v", since, stats.Statuses)
		}
		return nil
	})
	if err := server.StartAgain(t.Context()); err != nil {
		t.Fatal(err)
	}
	c.eventuallyPolicy("the policy says that the database is back", func(p *v1alpha1.ProgressSyncPolicy) error {
		return condition(p, v1alpha1.ConditionDatabaseReachable, metav1.ConditionTrue, v1alpha1.ReasonReachable)
	})
	c.stopAndSave(pod.Name)
	if err := c.ready(t.Context(), pod); err != nil {
		t.Error(err)
	}
	if err := unrestarted(pod); err != nil {
		t.Error(err)
	}
	c.verify()
}
