package learnerhash

import "testing"

// Two versions that run side by side must find the same home.
func TestALearnersNumberIsTheSameInAllVersions(t *testing.T) {
	for userID, want := range map[string]uint64{"": 0xef46db3751d8e999, "ada": 0xd36c3934091206d0} {
		if got := Of(userID); got != want {
			t.Errorf("%q has %x, want %x", userID, got, want)
		}
	}
	if n := testing.AllocsPerRun(10, func() { Of("0192f3c4-5d6e-7f80-9a1b-000000000000") }); n != 0 {
		t.Errorf("%v allocations", n)
	}
}
