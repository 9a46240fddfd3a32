package truth

import (
	"fmt"
	"sync"
)

// Account holds every update that was sent and what became of it. It is safe
// for concurrent use.
type Account struct {
	mu   sync.Mutex
	sent map[string]*attempt
	keys map[Key][]*attempt
}

type attempt struct {
	id      string
	update  Update
	outcome Outcome
}

// NewAccount returns an empty account.
func NewAccount() *Account {
	return &Account{sent: map[string]*attempt{}, keys: map[Key][]*attempt{}}
}

// Record takes entries in the order given. An outcome of an update that was
// never announced, or one that contradicts what was recorded before, is an
// error of the sender; the entries before it are kept.
func (a *Account) Record(entries ...Entry) error {
	a.mu.Lock()
	defer a.mu.Unlock()
	for _, e := range entries {
		if err := a.record(e); err != nil {
			return fmt.Errorf("entry %q: %w", e.ID, err)
		}
	}
	return nil
}

func (a *Account) record(e Entry) error {
	known := a.sent[e.ID]
	if e.Update != nil && known == nil {
		if e.Update.OccurredAt.IsZero() {
			return fmt.Errorf("the update has no time of its own")
		}
		known = &attempt{id: e.ID, update: *e.Update, outcome: Uncertain}
		a.sent[e.ID] = known
		a.keys[e.Update.Key] = append(a.keys[e.Update.Key], known)
	}
	switch e.Outcome {
	case "":
		return nil
	case Acknowledged, Refused, Uncertain:
	default:
		return fmt.Errorf("unknown outcome %q", e.Outcome)
	}
	if known == nil {
		return fmt.Errorf("%s, but it was never announced", e.Outcome)
	}
	if known.outcome != Uncertain && e.Outcome != Uncertain && known.outcome != e.Outcome {
		return fmt.Errorf("%s, but it was %s before", e.Outcome, known.outcome)
	}
	if e.Outcome != Uncertain {
		known.outcome = e.Outcome
	}
	return nil
}

// Counts are the sizes of an account.
type Counts struct {
	Keys         int   `json:"keys"`
	Acknowledged int64 `json:"acknowledged"`
	Refused      int64 `json:"refused"`
	Uncertain    int64 `json:"uncertain"`
}

// Counts tells how many updates were sent, by outcome, and to how many keys.
func (a *Account) Counts() Counts {
	a.mu.Lock()
	defer a.mu.Unlock()
	c := Counts{Keys: len(a.keys)}
	for _, t := range a.sent {
		switch t.outcome {
		case Acknowledged:
			c.Acknowledged++
		case Refused:
			c.Refused++
		case Uncertain:
			c.Uncertain++
		}
	}
	return c
}

// Of tells how many updates of a key were sent so far, and how many of them were
// acknowledged.
func (a *Account) Of(key Key) (acknowledged, sent int64) {
	a.mu.Lock()
	defer a.mu.Unlock()
	for _, t := range a.keys[key] {
		sent++
		if t.outcome == Acknowledged {
			acknowledged++
		}
	}
	return acknowledged, sent
}

// Entries is the whole account as entries that, recorded elsewhere, give the
// same account. The order is that of each key.
func (a *Account) Entries() []Entry {
	a.mu.Lock()
	defer a.mu.Unlock()
	entries := make([]Entry, 0, len(a.sent))
	for _, attempts := range a.keys {
		for _, t := range attempts {
			update := t.update
			entries = append(entries, Entry{ID: t.id, Update: &update, Outcome: t.outcome})
		}
	}
	return entries
}

// split gives the acknowledged and the uncertain updates of a key.
func split(attempts []*attempt) (acknowledged, uncertain []Update) {
	for _, t := range attempts {
		switch t.outcome {
		case Acknowledged:
			acknowledged = append(acknowledged, t.update)
		case Uncertain:
			uncertain = append(uncertain, t.update)
		case Refused:
		}
	}
	return acknowledged, uncertain
}
