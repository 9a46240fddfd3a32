package ci

import "testing"

func TestCIIsKnownByItsVariable(t *testing.T) {
	for set, want := range map[string]bool{"": false, "false": false, "0": false, "true": true, "1": true} {
		if got := Runs(func(string) string { return set }); got != want {
			t.Errorf("CI=%s: got %t, want %t", set, got, want)
		}
	}
}
