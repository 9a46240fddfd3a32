package truth

import (
	"encoding/json"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestAccountRecord(t *testing.T) {
	u := watched(0, 10, 5)
	announced := Entry{ID: "a", Update: &u}
	tests := map[string]struct {
		entries []Entry
		want    Counts
		refused bool
	}{
		"an announced update is uncertain until its outcome": {
			entries: []Entry{announced}, want: Counts{Keys: 1, Uncertain: 1},
		},
		"an outcome decides it": {
			entries: []Entry{announced, {ID: "a", Outcome: Acknowledged}}, want: Counts{Keys: 1, Acknowledged: 1},
		},
		"entries that are delivered twice count once": {
			entries: []Entry{announced, {ID: "a", Outcome: Refused}, announced, {ID: "a", Outcome: Refused}},
			want:    Counts{Keys: 1, Refused: 1},
		},
		"a late uncertain changes nothing": {
			entries: []Entry{announced, {ID: "a", Outcome: Acknowledged}, {ID: "a", Outcome: Uncertain}},
			want:    Counts{Keys: 1, Acknowledged: 1},
		},
		"update and outcome may come as one": {
			entries: []Entry{{ID: "a", Update: &u, Outcome: Acknowledged}}, want: Counts{Keys: 1, Acknowledged: 1},
		},
		"an outcome of nothing is refused": {
			entries: []Entry{{ID: "b", Outcome: Acknowledged}}, refused: true,
		},
		"a contradiction is refused": {
			entries: []Entry{announced, {ID: "a", Outcome: Acknowledged}, {ID: "a", Outcome: Refused}},
			want:    Counts{Keys: 1, Acknowledged: 1}, refused: true,
		},
		"an unknown outcome is refused": {
			entries: []Entry{announced, {ID: "a", Outcome: "lost"}}, want: Counts{Keys: 1, Uncertain: 1}, refused: true,
		},
		"an update without a time is refused": {
			entries: []Entry{{ID: "a", Update: &Update{Key: lesson}}}, refused: true,
		},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			a := NewAccount()
			err := a.Record(tt.entries...)
			if (err != nil) != tt.refused {
				t.Errorf("error %v", err)
			}
			if diff := cmp.Diff(tt.want, a.Counts()); diff != "" {
				t.Error(diff)
			}
		})
	}
}

func TestEntriesGiveTheSameAccountElsewhere(t *testing.T) {
	a := accountOf(t, session(), []Update{watched(20, 5, 1)}, []Update{watched(21, 6, 1)})
	text, err := json.Marshal(a.Entries())
	if err != nil {
		t.Fatal(err)
	}
	var entries []Entry
	if err := json.Unmarshal(text, &entries); err != nil {
		t.Fatal(err)
	}
	b := NewAccount()
	if err := b.Record(entries...); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(a.Counts(), b.Counts()); diff != "" {
		t.Error(diff)
	}
	if err := b.Verify([]Row{sessionRow()}, Options{CompletionThresholdPercent: 95}).Err(); err != nil {
		t.Error(err)
	}
}

func TestAnAccountTellsWhatWasSentOfAKey(t *testing.T) {
	u := watched(0, 10, 5)
	a := NewAccount()
	for id, outcome := range map[string]Outcome{"a": Acknowledged, "b": Uncertain, "c": Acknowledged} {
		if err := a.Record(Entry{ID: id, Update: &u, Outcome: outcome}); err != nil {
			t.Fatal(err)
		}
	}
	if acknowledged, sent := a.Of(u.Key); acknowledged != 2 || sent != 3 {
		t.Errorf("%d sent, %d acknowledged", sent, acknowledged)
	}
	if acknowledged, sent := a.Of(Key{UserID: "nobody"}); acknowledged != 0 || sent != 0 {
		t.Errorf("of nobody %d sent, %d acknowledged", sent, acknowledged)
	}
}
