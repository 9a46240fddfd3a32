package identity_test

import (
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"github.com/progress-sync/progress-sync/sidecar/peers/identity"
	"github.com/progress-sync/progress-sync/sidecar/peers/members"
)

func newIdentity(t *testing.T) *identity.Identity {
	t.Helper()
	i, err := identity.New()
	if err != nil {
		t.Fatal(err)
	}
	return i
}

func fingerprints(t *testing.T, i *identity.Identity) []members.Fingerprint {
	t.Helper()
	all, err := i.Fingerprints()
	if err != nil {
		t.Fatal(err)
	}
	return all
}

// pass lets time go by on the bubble's clock.
func pass(d time.Duration) { <-time.After(d) }

// TestEachProcessHasAKeyOfItsOwn: a restarted sidecar is none of those that hold the
// keys of before.
func TestEachProcessHasAKeyOfItsOwn(t *testing.T) {
	a, b := newIdentity(t), newIdentity(t)
	if a.Current() == b.Current() {
		t.Error("two identities share a key")
	}
	if got := fingerprints(t, a); len(got) != 1 || got[0] != a.Current() {
		t.Errorf("it registers %v, and uses %v", got, a.Current())
	}
}

// TestAKeyIsUsedOnlyWhileItIsRegistered follows an identity over a month in which the
// registry is away now and then: a key that nobody knows would cut the sidecar off.
func TestAKeyIsUsedOnlyWhileItIsRegistered(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		i := newIdentity(t)
		var registered, before []members.Fingerprint // as the registry has it
		keys, since := map[members.Fingerprint]bool{}, map[members.Fingerprint]time.Time{}
		begun := time.Now()
		for n := 0; time.Since(begun) < 30*24*time.Hour; n++ {
			all := fingerprints(t, i)
			if away := n%977 < 100; !away {
				before, registered = registered, all
				i.Registered(all)
				for _, f := range all {
					if _, ok := since[f]; !ok {
						since[f] = time.Now()
					}
				}
			}
			current := i.Current()
			if registered != nil && !slices.Contains(registered, current) {
				t.Fatalf("after %v the key in use is not registered", time.Since(begun))
			}
			if keys[current] = true; len(keys) > 1 && !slices.Contains(before, current) {
				t.Fatalf("after %v a key is used that others can't know", time.Since(begun))
			}
			if len(all) > 2 {
				t.Fatalf("it registers %d keys", len(all))
			}
			pass(20 * time.Second)
		}
		if len(keys) < 29 || len(keys) > 31 {
			t.Errorf("it used %d keys in 30 days", len(keys))
		}
	})
}

// TestTheKeyOfTheDayBeforeStaysRegistered: connections made under it go on.
func TestTheKeyOfTheDayBeforeStaysRegistered(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		i := newIdentity(t)
		first := i.Current()
		pass(identity.Lifetime - time.Second)
		if got := fingerprints(t, i); len(got) != 1 {
			t.Fatalf("before its day is over it registers %d keys", len(got))
		}
		pass(time.Second)
		both := fingerprints(t, i)
		i.Registered(both)
		pass(identity.Settle - time.Second)
		i.Registered(both)
		if i.Current() != first {
			t.Error("the new key is used before all others have heard of it")
		}
		pass(time.Second)
		i.Registered(both)
		if i.Current() == first || i.Current() != both[1] {
			t.Error("the new key is not used")
		}
		pass(identity.Lifetime - time.Minute)
		if got := fingerprints(t, i); !slices.Contains(got, first) {
			t.Error("the key of the day before is gone")
		}
		pass(time.Minute)
		if got := fingerprints(t, i); slices.Contains(got, first) {
			t.Error("the key of two days ago is still registered")
		}
	})
}

// TestAKeyThatIsNotRegisteredIsNotUsed: the registry answers, and has another state.
func TestAKeyThatIsNotRegisteredIsNotUsed(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		i := newIdentity(t)
		first := i.Current()
		pass(identity.Lifetime)
		fingerprints(t, i)
		for range 10 {
			i.Registered([]members.Fingerprint{first})
			pass(time.Minute)
		}
		if i.Current() != first {
			t.Error("a key is used that the registry does not have")
		}
	})
}
