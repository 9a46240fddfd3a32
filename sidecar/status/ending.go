package status

import (
	"fmt"
	"regexp"
	"strconv"
	"strings"
)

// Ending is what a sidecar has to say when it ends: its container's termination
// message. It is a sentence for people, and ParseEnding has the numbers back.
type Ending struct {
	// Accepted updates since the start of the process.
	Accepted int64
	// Records that are not saved and stay in the spool, and why the drain fell
	// short.
	Records int64
	Reason  string
	// DeadLetters are records that Postgres refused; they stay in the spool.
	DeadLetters int64
	// Erasures of learners that are not done in Postgres, and why.
	Erasures      int64
	ErasureReason string
	// Spool is where it lies, empty if nothing stays in it.
	Spool string
}

// Saved says whether every record is saved but those that Postgres refused, and
// every erasure done.
func (e Ending) Saved() bool { return e.Records == 0 && e.Reason == "" && e.Erasures == 0 }

// String is the sentence. What a spool on an emptyDir holds goes with the pod,
// so it says what to do about erasures that are left.
func (e Ending) String() string {
	if e.Saved() && e.DeadLetters == 0 {
		return fmt.Sprintf("drained: all %d updates accepted are saved in Postgres", e.Accepted)
	}
	if e.Saved() {
		return fmt.Sprintf("drained: %d updates were accepted; all are saved in Postgres but %d records that it refused, "+
			"which stay in quarantine at %q", e.Accepted, e.DeadLetters, e.Spool)
	}
	if e.Records == 0 && e.Reason == "" {
		return e.undone()
	}
	var out strings.Builder
	fmt.Fprintf(&out, "%d records stay in the spool at %q", e.Records, e.Spool)
	if e.Reason != "" {
		fmt.Fprintf(&out, ": %q", e.Reason)
	}
	if e.DeadLetters > 0 {
		fmt.Fprintf(&out, "; %d more stay there in quarantine", e.DeadLetters)
	}
	if e.Erasures > 0 {
		fmt.Fprintf(&out, "; %d erasures of learners are not done in Postgres: %q; order them again if the spool goes with the pod",
			e.Erasures, e.ErasureReason)
	}
	fmt.Fprintf(&out, "; %d updates were accepted", e.Accepted)
	return out.String()
}

// undone is the sentence where nothing but erasures is left to be done.
func (e Ending) undone() string {
	var out strings.Builder
	fmt.Fprintf(&out, "%d erasures of learners are not done in Postgres and stay in the spool at %q: %q; "+
		"order them again if the spool goes with the pod", e.Erasures, e.Spool, e.ErasureReason)
	if e.DeadLetters > 0 {
		fmt.Fprintf(&out, "; %d records stay there in quarantine", e.DeadLetters)
	}
	fmt.Fprintf(&out, "; all else of %d updates accepted is saved in Postgres", e.Accepted)
	return out.String()
}

// quoted is a string as %q writes it.
const quoted = `"(?:[^"\\]|\\.)*"`

// Forms of an Ending. They are compiled where they are asked for, since sidecars only
// write them, and the operator reads one when a sidecar has ended.
const (
	drained     = `^drained: all (\d+) updates accepted are saved in Postgres$`
	quarantined = `^drained: (\d+) updates were accepted; all are saved in Postgres but (\d+) records that it refused, ` +
		`which stay in quarantine at (` + quoted + `)$`
	left = `^(\d+) records stay in the spool at (` + quoted + `)(?:: (` + quoted + `))?` +
		`(?:; (\d+) more stay there in quarantine)?` +
		`(?:; (\d+) erasures of learners are not done in Postgres: (` + quoted + `); order them again if the spool goes with the pod)?` +
		`; (\d+) updates were accepted$`
	undone = `^(\d+) erasures of learners are not done in Postgres and stay in the spool at (` + quoted + `): (` + quoted + `); ` +
		`order them again if the spool goes with the pod(?:; (\d+) records stay there in quarantine)?; all else of (\d+) updates accepted is saved in Postgres$`
)

// Forms of versions up to 0.1.0, which quoted nothing.
const (
	oldQuarantined = `^drained: (\d+) updates were accepted; all are saved in Postgres but (\d+) records that it refused, ` +
		`which stay in quarantine at ([^"].*)$`
	oldLeft     = `(?s)^(\d+) records stay in the spool at ([^" ]+): (.*)$`
	oldErasures = `(?s)^(\d+) erasures of learners are not done in Postgres and stay in the spool at ([^" ]+): (.*) ` +
		`Order them again if the spool goes with the pod\. (.*)$`
	oldSaved = `^All (\d+) updates accepted are saved in Postgres$`
)

// ParseEnding reads a termination message. It returns false for any other text,
// such as that of a sidecar that failed.
func ParseEnding(text string) (Ending, bool) {
	text = strings.TrimSuffix(text, "\n")
	var p parts
	var e Ending
	if m := match(drained, text); m != nil {
		e = Ending{Accepted: p.number(m[1])}
	} else if m := match(quarantined, text); m != nil {
		e = Ending{Accepted: p.number(m[1]), DeadLetters: p.number(m[2]), Spool: p.text(m[3])}
	} else if m := match(left, text); m != nil {
		e = Ending{
			Records: p.number(m[1]), Spool: p.text(m[2]), Reason: p.text(m[3]), DeadLetters: p.number(m[4]),
			Erasures: p.number(m[5]), ErasureReason: p.text(m[6]), Accepted: p.number(m[7]),
		}
	} else if m := match(undone, text); m != nil {
		e = Ending{Erasures: p.number(m[1]), Spool: p.text(m[2]), ErasureReason: p.text(m[3]), DeadLetters: p.number(m[4]), Accepted: p.number(m[5])}
	} else {
		return parseOldEnding(text)
	}
	return e, !p.failed
}

func parseOldEnding(text string) (Ending, bool) {
	var p parts
	var e Ending
	if m := match(oldErasures, text); m != nil {
		rest := m[4]
		if saved := match(oldSaved, rest); saved != nil {
			e.Accepted = p.number(saved[1])
		} else if of, ok := parseOldEnding(rest); ok {
			e = of
		}
		e.Erasures, e.Spool, e.ErasureReason = p.number(m[1]), m[2], m[3]
	} else if m := match(oldQuarantined, text); m != nil {
		e = Ending{Accepted: p.number(m[1]), DeadLetters: p.number(m[2]), Spool: m[3]}
	} else if m := match(oldLeft, text); m != nil {
		e = Ending{Records: p.number(m[1]), Spool: m[2], Reason: m[3]}
	} else {
		return Ending{}, false
	}
	return e, !p.failed
}

// match is the parts of a text that has the form, nil if it has not.
func match(form, text string) []string { return regexp.MustCompile(form).FindStringSubmatch(text) }

// parts of a message; failed once one of them is not what it looks like.
type parts struct{ failed bool }

func (p *parts) number(digits string) int64 {
	if digits == "" {
		return 0
	}
	n, err := strconv.ParseInt(digits, 10, 64)
	p.failed = p.failed || err != nil
	return n
}

func (p *parts) text(quoted string) string {
	if quoted == "" {
		return ""
	}
	text, err := strconv.Unquote(quoted)
	p.failed = p.failed || err != nil
	return text
}
