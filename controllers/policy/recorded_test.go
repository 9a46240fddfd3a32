package policy

import (
	"flag"
	"os"
	"path/filepath"
	"testing"

	"github.com/google/go-cmp/cmp"
	"sigs.k8s.io/yaml"

	"github.com/progress-sync/progress-sync/api/v1alpha1"
)

var record = flag.Bool("record", false, "write the recorded policies anew")

// recorded policies, by which test/docs tries what the documentation tells GitOps
// tools to do. They have to be what the operator writes.
const recorded = "../../test/docs/testdata/policies"

func TestTheRecordedPoliciesAreWhatTheOperatorWrites(t *testing.T) {
	for name, f := range map[string]*facts{
		"ready":            healthy(),
		"webhook-pending":  healthy(withoutPods, func(f *facts) { f.installed = false }),
		"stalled":          healthy(withoutPods, held),
		"outage":           healthy(failing("DatabaseUnreachable"), parked),
		"sidecar-failing":  healthy(outOfMemory),
		"no-status":        nil,
		"generation-ahead": healthy(),
	} {
		t.Run(name, func(t *testing.T) {
			policy := lms().Generation(3).Build()
			policy.APIVersion, policy.Kind = v1alpha1.GroupVersion.String(), v1alpha1.Kind
			if f != nil {
				policy.Status = status(f, v1alpha1.UnsavedStatus{})
			}
			if name == "generation-ahead" {
				policy.Generation++
			}
			want, err := yaml.Marshal(policy)
			if err != nil {
				t.Fatal(err)
			}
			path := filepath.Join(recorded, name+".yaml")
			if *record {
				if err := os.WriteFile(path, want, 0o644); err != nil {
					t.Fatal(err)
				}
			}
			got, err := os.ReadFile(path)
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(string(want), string(got)); diff != "" {
				t.Errorf("run the test with -record, and look at what it changes (-operator +recorded):\n%s", diff)
			}
		})
	}
}
