package blame

import "testing"

func TestBlame(t *testing.T) {
	for _, c := range []struct {
		name    string
		refusal refusal
		want    Verdict
	}{
		{"a batch of several is taken apart", refusal{records: 10}, Split},
		{"also when others are written", refusal{records: 2, written: true, doubts: 20}, Split},
		{"but not when eight were refused and none was written", refusal{records: 10, doubts: mostDoubts}, Doubt},
		{"who is refused while a neighbour is written is set aside", refusal{records: 1, written: true}, SetAside},
		{"so is whom a trigger refuses", refusal{records: 1, certain: true, written: true}, SetAside},
		{"whom a trigger refuses while nobody is written is kept", refusal{records: 1, alone: true}, Doubt},
		{"data that does not fit is set aside where there is nobody else to tell", refusal{records: 1, certain: true, alone: true}, SetAside},
		{"but kept where there is", refusal{records: 1, certain: true}, Doubt},
		{"but not the fourth in a row", refusal{records: 1, certain: true, alone: true, aside: mostAside}, Doubt},
		{"one neighbour does not speak against a fourth in a row", refusal{records: 1, certain: true, written: true, aside: mostAside}, Doubt},
		{"unless it was written between two refusals", refusal{records: 1, written: true, again: true, aside: 50}, SetAside},
		{"refused twice with nothing written between stays", refusal{records: 1, again: true, doubts: 1}, Doubt},
	} {
		t.Run(c.name, func(t *testing.T) {
			if got := judge(c.refusal); got != c.want {
				t.Errorf("got %v, want %v", got, c.want)
			}
		})
	}
}
