//go:build e2e

package e2e

import (
	"context"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/progress-sync/progress-sync/api/v1alpha1"
	"github.com/progress-sync/progress-sync/test/kit"
	pgtest "github.com/progress-sync/progress-sync/test/postgres"
	"github.com/progress-sync/progress-sync/test/truth"
)

const (
	// policyName, and the label of the pods that it selects.
	policyName = "lms"
	secretName = "lms-db"
	// interval of the tests' policies; short, so that several pass in a test.
	interval = 2 * time.Second
)

// campus is the surroundings of one test: a namespace that enforces the
// restricted profile, a database with a role of its own, and the account of
// what its learners were told.
type campus struct {
	*suite
	t         *testing.T
	namespace string
	// server is the suite's, or the test's own if it is to be stopped.
	server   *pgtest.Server
	database string
	account  *truth.Account
	// collector is where pods report to the account.
	collector string
}

// newCampus makes the surroundings on the suite's server.
func newCampus(t *testing.T) *campus {
	t.Helper()
	return newCampusOn(t, shared.server)
}

func newCampusOn(t *testing.T, server *pgtest.Server) *campus {
	t.Helper()
	namespace := &corev1.Namespace{ObjectMeta: metav1.ObjectMeta{
		GenerateName: "campus-", Labels: map[string]string{"pod-security.kubernetes.io/enforce": "restricted"},
	}}
	if err := shared.client.Create(t.Context(), namespace); err != nil {
		t.Fatal(err)
	}
	c := &campus{
		suite: shared, t: t, namespace: namespace.Name, server: server,
		database: strings.ReplaceAll(namespace.Name, "-", "_"), account: truth.NewAccount(),
	}
	c.collector = serveAccount(t, c.host, c.account)
	t.Cleanup(func() {
		ctx := c.background()
		if t.Failed() {
			c.dump(ctx)
		}
		if err := c.client.Delete(ctx, namespace); err != nil {
			t.Errorf("deleting the namespace: %v", err)
		}
	})
	if err := server.CreateRole(t.Context(), c.database, "right"); err != nil {
		t.Fatal(err)
	}
	if err := server.CreateDatabase(t.Context(), c.database, c.database); err != nil {
		t.Fatal(err)
	}
	return c
}

// uri for pods, with the campus's own role.
func (c *campus) uri() string { return c.server.URIOn(c.host, c.database, c.database) }

// storeSecret creates or replaces the Secret that the policy names.
func (c *campus) storeSecret(uri string) {
	c.t.Helper()
	secret := &corev1.Secret{
		ObjectMeta: metav1.ObjectMeta{Namespace: c.namespace, Name: secretName},
		StringData: map[string]string{"uri": uri},
	}
	err := c.client.Create(c.t.Context(), secret)
	if client.IgnoreAlreadyExists(err) != nil {
		c.t.Fatal(err)
	}
	if err != nil {
		if err := c.client.Update(c.t.Context(), secret); err != nil {
			c.t.Fatal(err)
		}
	}
}

// apply creates the policy, with the changes, and waits until it is Ready.
func (c *campus) apply(changes ...func(*v1alpha1.ProgressSyncPolicySpec)) {
	c.t.Helper()
	c.createPolicy(changes...)
	c.eventuallyPolicy("the policy is Ready", func(p *v1alpha1.ProgressSyncPolicy) error {
		return condition(p, v1alpha1.ConditionReady, metav1.ConditionTrue, "")
	})
}

func (c *campus) createPolicy(changes ...func(*v1alpha1.ProgressSyncPolicySpec)) {
	c.t.Helper()
	policy := &v1alpha1.ProgressSyncPolicy{
		ObjectMeta: metav1.ObjectMeta{Namespace: c.namespace, Name: policyName},
		Spec: v1alpha1.ProgressSyncPolicySpec{
			Selector: metav1.LabelSelector{MatchLabels: map[string]string{"app": policyName}},
			Sync:     v1alpha1.SyncSpec{Interval: metav1.Duration{Duration: interval}, BatchSize: 20},
			Retry: v1alpha1.RetrySpec{
				InitialDelay: metav1.Duration{Duration: 200 * time.Millisecond},
				MaxDelay:     metav1.Duration{Duration: interval},
			},
			Database: v1alpha1.DatabaseSpec{SecretRef: v1alpha1.SecretRef{Name: secretName}},
		},
	}
	for _, change := range changes {
		change(&policy.Spec)
	}
	if err := c.client.Create(c.t.Context(), policy); err != nil {
		c.t.Fatal(err)
	}
}

func (c *campus) policy(ctx context.Context) (*v1alpha1.ProgressSyncPolicy, error) {
	policy := &v1alpha1.ProgressSyncPolicy{}
	err := c.client.Get(ctx, client.ObjectKey{Namespace: c.namespace, Name: policyName}, policy)
	return policy, err
}

// eventuallyPolicy waits for a condition of the policy.
func (c *campus) eventuallyPolicy(what string, check func(*v1alpha1.ProgressSyncPolicy) error) {
	c.t.Helper()
	kit.EventuallyWithin(c.t, patience, what, func() error {
		policy, err := c.policy(c.t.Context())
		if err != nil {
			return err
		}
		return check(policy)
	})
}

// condition objects unless the policy's condition is as wanted, with the
// reason if one is given, and speaks of the current generation.
func condition(p *v1alpha1.ProgressSyncPolicy, kind string, status metav1.ConditionStatus, reason string) error {
	for _, c := range p.Status.Conditions {
		if c.Type != kind {
			continue
		}
		if c.Status != status || reason != "" && c.Reason != reason || c.ObservedGeneration != p.Generation {
			return fmt.Errorf("condition %s is %s, %s (%s) for generation %d of %d", kind, c.Status, c.Reason, c.Message, c.ObservedGeneration, p.Generation)
		}
		return nil
	}
	return fmt.Errorf("no condition %s yet", kind)
}

// rows reads the campus's table; there is none before the first write.
func (c *campus) rows(ctx context.Context) ([]truth.Row, error) {
	conn, err := pgx.Connect(ctx, c.server.URI(pgtest.Superuser, c.database))
	if err != nil {
		return nil, fmt.Errorf("connecting to the campus's database: %w", err)
	}
	defer conn.Close(context.WithoutCancel(ctx))
	return truth.ReadRows(ctx, conn, truth.OwnTable)
}

// verify compares every row with what the learners were told, once nothing is
// pending any more.
func (c *campus) verify() {
	c.t.Helper()
	rows, err := c.rows(c.t.Context())
	if err != nil {
		c.t.Fatal(err)
	}
	report := c.account.Verify(rows, truth.Options{CompletionThresholdPercent: 95})
	if err := report.Err(); err != nil {
		c.t.Fatal(err)
	}
	c.t.Logf("%d keys of %d acknowledged updates (%d uncertain): none lost, doubled or wrong", report.Keys, report.Acknowledged, report.Uncertain)
}

// background is for what is done after the test's own context has ended.
func (c *campus) background() context.Context { return context.WithoutCancel(c.t.Context()) }
