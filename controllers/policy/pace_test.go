package policy

import (
	"testing"
	"time"

	"k8s.io/apimachinery/pkg/types"

	"github.com/progress-sync/progress-sync/api/v1alpha1"
)

// Two hundred policies whose counts move at every poll must not cost the API
// server more than a write each in ten seconds; what turns has to show at once.
func TestThePaceOfWrites(t *testing.T) {
	const interval = 10 * time.Second
	key := types.NamespacedName{Namespace: "campus", Name: "lms"}
	of := func(changes ...func(*facts)) v1alpha1.ProgressSyncPolicyStatus {
		return status(healthy(changes...), v1alpha1.UnsavedStatus{})
	}
	moved := func(f *facts) { f.sidecars.Updates.Received++; f.pods.matched++ }
	var p pace
	if w := p.wait(key, of(), of(moved), noon, interval); w != 0 {
		t.Errorf("the first write waits %s", w)
	}
	p.written(key, noon)
	for name, c := range map[string]struct {
		change func(*facts)
		after  time.Duration
		want   time.Duration
	}{
		"a count right after a write":     {moved, 0, interval},
		"a count a moment later":          {moved, 4 * time.Second, 6 * time.Second},
		"a count after the interval":      {moved, interval, 0},
		"a condition that turns":          {bareOne, 0, 0},
		"another reason of one":           {failing("DatabaseUnreachable"), 0, 0},
		"a condition that comes":          {unwritten, 0, 0},
		"another generation is looked at": {func(f *facts) { f.policy.Generation++ }, 0, 0},
	} {
		if got := p.wait(key, of(), of(c.change), noon.Add(c.after), interval); got != c.want {
			t.Errorf("%s waits %s, want %s", name, got, c.want)
		}
	}
	if w := p.wait(key, of(failing("DatabaseUnreachable")), of(failing("SecretMissing")), noon, interval); w != 0 {
		t.Errorf("another reason waits %s", w)
	}
	if w := p.wait(types.NamespacedName{Name: "exams"}, of(), of(moved), noon, interval); w != 0 {
		t.Errorf("another policy waits %s", w)
	}
	p.forget(key)
	if w := p.wait(key, of(), of(moved), noon, interval); w != 0 {
		t.Errorf("a policy of the same name waits %s", w)
	}
}
