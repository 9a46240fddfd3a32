//go:build e2e

package e2e

import (
	"errors"
	"fmt"
	"os/exec"
	"strconv"
	"strings"
	"testing"
	"time"

	appsv1 "k8s.io/api/apps/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/progress-sync/progress-sync/api/v1alpha1"
	"github.com/progress-sync/progress-sync/test/kit"
	"github.com/progress-sync/progress-sync/test/lms/classroom"
)

// peersPort is the default of spec.peers.port.
const peersPort = 9788

func TestBehindAPlainServiceALessonIsOneRowAnIntervalAndTheSameInEveryPod(t *testing.T) {
	t.Parallel()
	c := newCampus(t)
	c.storeSecret(c.uri())
	c.apply()
	s := c.openService(4)
	const learners = 20
	begin := time.Now()
	s.watch(learners, false)
	s.sure()
	pages := s.openedElsewhere(300)
	sum := s.mustCount()
	// As for one sidecar: between two writes of a key lies an interval. What did not get
	// to its home may have made a row of its own.
	if most := learners*(int64(time.Since(begin)/interval)+1) + sum.kept; sum.rows > most {
		t.Errorf("%d rows written in %s, at most %d are needed; %+v", sum.rows, time.Since(begin), most, sum)
	}
	t.Logf("pages: %+v; sidecars: %+v", pages, sum)
	if pages.Exact < pages.Pages*9/10 {
		t.Errorf("of the pages that were opened right after an update: %+v", pages)
	}
	c.noneBehind(pages, sum.kept)
	c.eventuallyPolicy("the status tells of the share that is handed on", func(p *v1alpha1.ProgressSyncPolicy) error {
		share, err := strconv.ParseFloat(strings.TrimSuffix(p.Status.Updates.HandedOnShare, "%"), 64)
		// Of four pods, three are not a learner's home.
		if err != nil || share < 60 || share > 90 {
			return fmt.Errorf("the share is %q", p.Status.Updates.HandedOnShare)
		}
		return errors.Join(
			want("the number of peers", p.Status.Sidecars.Peered, 4),
			condition(p, v1alpha1.ConditionPeered, metav1.ConditionTrue, v1alpha1.ReasonPeered),
		)
	})
	s.stopAndSaveAll()
	c.verify()
}

func TestWhileThePodsOfTheLMSAreScaledAndReplacedEachUpdateCountsOnce(t *testing.T) {
	t.Parallel()
	c := newCampus(t)
	c.storeSecret(c.uri())
	c.apply()
	s := c.openService(4)
	s.watch(20, true)
	s.acknowledged(s.learners, 300)
	steps := []struct {
		what     string
		change   func()
		replicas int32
	}{
		{"from 4 pods to 2", func() { s.scale(2) }, 2},
		{"from 2 pods to 4", func() { s.scale(4) }, 4},
		{"a rolling update", func() {
			s.change(func(spec *appsv1.DeploymentSpec) { spec.Template.Annotations = map[string]string{"e2e": "again"} })
		}, 4},
	}
	for _, step := range steps {
		before := s.pages()
		step.change()
		s.peered(step.replicas)
		s.acknowledged(s.learners, 300)
		t.Logf("%s: pages that were opened meanwhile: %+v", step.what, s.pages().Since(before))
	}
	// With the same members again, what is written is seen everywhere.
	before := s.mustCount()
	pages := s.openedElsewhere(50)
	c.noneBehind(pages, s.mustCount().kept-before.kept)
	s.stopAndSaveAll()
	c.verify()
}

// A NetworkPolicy lets the packets vanish; the test's cluster has nobody who would
// enforce one.
func TestWhereNothingGetsThroughBetweenTheSidecarsAllIsWrittenAndThePolicySaysWhatToDo(t *testing.T) {
	t.Parallel()
	c := newCampus(t)
	c.storeSecret(c.uri())
	c.apply()
	s := c.openService(4)
	const learners = 10
	s.watch(learners, false)
	s.openedElsewhere(50)

	lift := s.keepApart()
	before, begin := s.mustCount(), time.Now()
	const untilItIsNoFlutter = 4 * time.Minute // the operator waits for two
	kit.EventuallyWithin(t, untilItIsNoFlutter, "the status says that the sidecars don't reach each other", func() error {
		policy, err := c.policy(t.Context())
		if err != nil {
			return err
		}
		return errors.Join(
			condition(policy, v1alpha1.ConditionPeered, metav1.ConditionFalse, v1alpha1.ReasonPeersBlocked),
			condition(policy, v1alpha1.ConditionReady, metav1.ConditionTrue, ""),
			says(policy, v1alpha1.ConditionPeered, "NetworkPolicy"), says(policy, v1alpha1.ConditionPeered, fmt.Sprint(peersPort)),
			says(policy, v1alpha1.ConditionPeered, "docs/operating.md#peers"),
		)
	})
	apart, homes := s.mustCount(), learners*int64(time.Since(begin)/interval)
	if rows := apart.rows - before.rows; rows < homes*3/2 || apart.kept == before.kept {
		t.Errorf("%d rows written where homes need %d; %+v, then %+v: is anything blocked?", rows, homes, before, apart)
	}

	lift()
	s.peered(4)
	s.acknowledged(s.learners, 100)
	pages := s.openedElsewhere(50)
	after := s.mustCount()
	if after.handedOn == apart.handedOn {
		t.Errorf("nothing is handed on again: %+v", after)
	}
	c.noneBehind(pages, after.kept-apart.kept)
	s.stopAndSaveAll()
	c.verify()
}

// noneBehind objects to a page that lacked the update before it and did not say so,
// unless that update had been kept by a sidecar that could not reach the home, which
// then does not know of it.
func (c *campus) noneBehind(pages classroom.Reopened, kept int64) {
	c.t.Helper()
	if pages.Behind > kept || pages.Failed > 0 {
		c.t.Errorf("of the pages that were opened right after an update: %+v, where %d updates were kept", pages, kept)
	}
}

// keepApart lets no packet to the port for peers through between the LMS's pods, until
// the returned function is called.
func (s *service) keepApart() (lift func()) {
	s.t.Helper()
	pods, err := s.pods()
	if err != nil {
		s.t.Fatal(err)
	}
	var addresses []string
	for i := range pods {
		addresses = append(addresses, pods[i].Status.PodIP)
	}
	table := "e2e_" + s.database
	nft := func(args ...string) error {
		if output, err := exec.Command("nft", args...).CombinedOutput(); err != nil {
			return fmt.Errorf("nft %v: %w: %s", args, err, output)
		}
		return nil
	}
	lifted := false
	lift = func() {
		if lifted {
			return
		}
		lifted = true
		if err := nft("delete", "table", "bridge", table); err != nil {
			s.t.Error(err)
		}
	}
	// All pods hang on one bridge.
	if err := nft("add", "table", "bridge", table); err != nil {
		s.t.Fatal(err)
	}
	s.t.Cleanup(lift)
	err = errors.Join(
		nft("add", "chain", "bridge", table, "between", "{ type filter hook forward priority 0; }"),
		nft("add", "rule", "bridge", table, "between", "ip", "daddr", "{", strings.Join(addresses, ", "), "}", "tcp", "dport", fmt.Sprint(peersPort), "drop"),
	)
	if err != nil {
		s.t.Fatal(err)
	}
	return lift
}
