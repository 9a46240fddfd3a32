package timing

import (
	"slices"
	"strings"
	"time"

	"github.com/progress-sync/progress-sync/sidecar/config"
	"github.com/progress-sync/progress-sync/sidecar/progress"
	"github.com/progress-sync/progress-sync/sidecar/variant"
)

// Table has the terms of all classes and variants. It is read only, and may be used
// concurrently.
type Table struct {
	classes []config.ClassMatch
	seed    string
	weights []int
	// terms has one for each class, the default one last, in each arm.
	terms []Terms
	arms  int
	floor time.Duration
}

// New makes the table of a configuration that is valid. No interval is longer than
// most, 0 for any.
func New(c config.Config, most time.Duration) *Table {
	t := &Table{seed: c.Variants.Seed, floor: c.Sync.MinSyncWithin.D()}
	arms := c.Variants.Arms
	for _, a := range arms {
		t.weights = append(t.weights, a.Weight)
	}
	if len(arms) == 0 {
		arms = []config.Arm{{}}
	}
	for _, class := range c.Sync.Classes {
		t.classes = append(t.classes, class.Match)
	}
	t.arms = len(arms)
	for _, class := range append(slices.Clip(c.Sync.Classes), config.Class{Name: config.DefaultClass}) {
		for _, arm := range arms {
			terms := termsOf(c.Sync, class, arm)
			terms.Index = len(t.terms)
			if most > 0 {
				terms.Interval = min(terms.Interval, most)
			}
			terms.Linger = min(terms.Interval/10, maxLinger)
			t.terms = append(t.terms, terms)
		}
	}
	return t
}

// Only makes a table of the same terms for all records. floor is that of Floor.
func Only(terms Terms, floor time.Duration) *Table {
	terms.Index = 0
	return &Table{terms: []Terms{terms}, arms: 1, floor: floor}
}

// termsOf are those of a class in an arm: what the class says for itself, else what
// the arm does, else what all have.
func termsOf(all config.Sync, class config.Class, arm config.Arm) Terms {
	quiet := either(class.QuietPeriod, arm.Sync.QuietPeriod, all.QuietPeriod)
	t := Terms{
		Class: class.Name, Variant: arm.Name,
		Interval:        either(class.Interval, arm.Sync.Interval, all.Interval).D(),
		AutoQuiet:       quiet.Auto,
		QuietPeriod:     quiet.Fixed.D(),
		FlushOnComplete: either(class.FlushOnComplete, arm.Sync.FlushOnComplete, all.FlushOnComplete),
		LeaveGrace:      either(nil, arm.Sync.LeaveGrace, all.LeaveGrace).D(),
	}
	return t
}

func either[T any](class, arm *T, all T) T {
	switch {
	case class != nil:
		return *class
	case arm != nil:
		return *arm
	default:
		return all
	}
}

// Of are the terms of a record: those of the first class that matches it, in the arm
// of its learner.
func (t *Table) Of(r *progress.Record) *Terms {
	class := len(t.classes)
	for i := range t.classes {
		if matches(&t.classes[i], r) {
			class = i
			break
		}
	}
	return &t.terms[class*t.arms+t.arm(r.UserID)]
}

// Variant is the name of a learner's arm, empty without variants.
func (t *Table) Variant(userID string) string { return t.terms[t.arm(userID)].Variant }

// HasVariants says whether learners differ in their arms.
func (t *Table) HasVariants() bool { return t.arms > 1 }

// All are the terms, each at its Index.
func (t *Table) All() []Terms { return t.terms }

// Floor is the shortest time in which a client may have a record written, and
// between two such writes.
func (t *Table) Floor() time.Duration { return t.floor }

func (t *Table) arm(userID string) int {
	if t.arms == 1 {
		return 0
	}
	return variant.Of(t.seed, userID, t.weights)
}

func matches(m *config.ClassMatch, r *progress.Record) bool {
	if m.MinDuration > 0 || m.MaxDuration > 0 {
		known := r.DurationStamp != (progress.Stamp{})
		if !known || r.Duration < m.MinDuration.D().Seconds() || m.MaxDuration > 0 && r.Duration > m.MaxDuration.D().Seconds() {
			return false
		}
	}
	return named(m.CourseIDs, r.CourseID) && named(m.ModuleIDs, r.ModuleID) && named(m.LessonIDs, r.LessonID)
}

// named reports whether an id is one of the list, of which an entry that ends in *
// stands for all that begin like it. No list names all.
func named(ids []string, id string) bool {
	for _, want := range ids {
		if prefix, open := strings.CutSuffix(want, "*"); want == id || open && strings.HasPrefix(id, prefix) {
			return true
		}
	}
	return len(ids) == 0
}
