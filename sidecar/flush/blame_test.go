package flush

import "testing"

func TestBlame(t *testing.T) {
	for _, c := range []struct {
		name    string
		refusal refusal
		want    verdict
	}{
		{"a batch of several is taken apart", refusal{records: 10}, verdictSplit},
		{"also when others are written", refusal{records: 2, written: true, doubts: 20}, verdictSplit},
		{"but not when eight were refused and none was written", refusal{records: 10, doubts: mostDoubts}, verdictDoubt},
		{"who is refused while a neighbour is written is set aside", refusal{records: 1, written: true}, verdictQuarantine},
		{"so is whom a trigger refuses", refusal{records: 1, certain: true, written: true}, verdictQuarantine},
		{"whom a trigger refuses while nobody is written is kept", refusal{records: 1, alone: true}, verdictDoubt},
		{"data that does not fit is set aside where there is nobody else to tell", refusal{records: 1, certain: true, alone: true}, verdictQuarantine},
		{"but kept where there is", refusal{records: 1, certain: true}, verdictDoubt},
		{"and kept if the one before it was set aside like that", refusal{records: 1, certain: true, alone: true, aside: 1}, verdictDoubt},
		{"one neighbour does not speak against a fourth in a row", refusal{records: 1, certain: true, written: true, aside: mostAside}, verdictDoubt},
		{"unless it was written between two refusals", refusal{records: 1, written: true, again: true, aside: 50}, verdictQuarantine},
		{"refused twice with nothing written between stays", refusal{records: 1, again: true, doubts: 1}, verdictDoubt},
	} {
		t.Run(c.name, func(t *testing.T) {
			if got := blame(c.refusal); got != c.want {
				t.Errorf("got %v, want %v", got, c.want)
			}
		})
	}
}
