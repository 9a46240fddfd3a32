package policy

import (
	"fmt"
	"strings"
	"unicode"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

// verdict on one condition.
type verdict struct {
	status  metav1.ConditionStatus
	reason  string
	message string
}

// check returns a verdict, or nil to leave it to the next one of its chain.
type check func(*facts) *verdict

// decide runs a chain; its last check always has a verdict.
func decide(f *facts, chain ...check) verdict {
	for _, check := range chain {
		if v := check(f); v != nil {
			return *v
		}
	}
	return verdict{metav1.ConditionUnknown, "Undecided", "no check decided this"}
}

func isTrue(reason, format string, args ...any) *verdict {
	return &verdict{metav1.ConditionTrue, reason, fmt.Sprintf(format, args...)}
}

func isFalse(reason, format string, args ...any) *verdict {
	return &verdict{metav1.ConditionFalse, reason, fmt.Sprintf(format, args...)}
}

func isUnknown(reason, format string, args ...any) *verdict {
	return &verdict{metav1.ConditionUnknown, reason, fmt.Sprintf(format, args...)}
}

func plural(n int32, one, many string) string {
	if n == 1 {
		return "1 " + one
	}
	return fmt.Sprintf("%d %s", n, many)
}

// maxQuote of words that are not the operator's own, in characters.
const maxQuote = 400

// quote the API server or a kubelet: on one line, and not too long.
func quote(text string) string {
	text = strings.Join(strings.FieldsFunc(strings.ToValidUTF8(text, ""), func(r rune) bool {
		return unicode.IsSpace(r) || !unicode.IsPrint(r)
	}), " ")
	if runes := []rune(text); len(runes) > maxQuote {
		return string(runes[:maxQuote]) + "…"
	}
	return strings.TrimRight(text, ". ")
}
