package status

import (
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"
)

func TestAnEndingReadsAsASentence(t *testing.T) {
	for name, c := range map[string]struct {
		in   Ending
		want string
	}{
		"everything is done": {
			Ending{Accepted: 3}, "drained: all 3 updates accepted are saved in Postgres",
		},
		"records are in quarantine": {
			Ending{Accepted: 3, DeadLetters: 1, Spool: "/spool"},
			`drained: 3 updates were accepted; all are saved in Postgres but 1 records that it refused, which stay in quarantine at "/spool"`,
		},
		"records are left": {
			Ending{Accepted: 3, Records: 2, Reason: "It is away.", Spool: "/spool"},
			`2 records stay in the spool at "/spool": "It is away."; 3 updates were accepted`,
		},
		"erasures are left": {
			Ending{Accepted: 3, Erasures: 1, ErasureReason: "It refuses.", Spool: "/spool"},
			`1 erasures of learners are not done in Postgres and stay in the spool at "/spool": "It refuses."; ` +
				`order them again if the spool goes with the pod; all else of 3 updates accepted is saved in Postgres`,
		},
		"all of them are left": {
			Ending{Accepted: 9, Records: 2, Reason: "It is away.", DeadLetters: 4, Erasures: 1, ErasureReason: "It is away.", Spool: "/spool"},
			`2 records stay in the spool at "/spool": "It is away."; 4 more stay there in quarantine; ` +
				`1 erasures of learners are not done in Postgres: "It is away."; order them again if the spool goes with the pod; 9 updates were accepted`,
		},
	} {
		t.Run(name, func(t *testing.T) {
			if got := c.in.String(); got != c.want {
				t.Errorf("got  %s\nwant %s", got, c.want)
			}
		})
	}
}

// The operator would count what a gone pod left wrongly, or not at all.
func TestAnEndingIsReadBackExactly(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		count := rapid.OneOf(rapid.Just(int64(0)), rapid.Int64Min(0))
		text := rapid.OneOf(rapid.String(), rapid.SampledFrom([]string{
			"", "It is away.", `"`, `\`, "\n", "; 3 updates were accepted", `"; 4 more stay there in quarantine`, "\xff",
		}))
		want := Ending{
			Accepted: count.Draw(t, "accepted"), Records: count.Draw(t, "records"), Reason: text.Draw(t, "reason"),
			DeadLetters: count.Draw(t, "dead letters"), Erasures: count.Draw(t, "erasures"),
		}
		if want.Erasures > 0 {
			want.ErasureReason = text.Draw(t, "reason of erasures")
		}
		if !want.Saved() || want.DeadLetters > 0 {
			want.Spool = text.Draw(t, "spool")
		}
		line := want.String()
		for _, message := range []string{line, line + "\n"} {
			got, ok := ParseEnding(message)
			if !ok {
				t.Fatalf("not read: %s", message)
			}
			if diff := cmp.Diff(want, got); diff != "" {
				t.Fatalf("%s\n(-want +got):\n%s", message, diff)
			}
		}
	})
}

func TestEndingsOfOlderSidecarsAreRead(t *testing.T) {
	for text, want := range map[string]Ending{
		"drained: all 3 updates accepted are saved in Postgres": {Accepted: 3},
		"drained: 3 updates were accepted; all are saved in Postgres but 1 records that it refused, which stay in quarantine at /spool": {
			Accepted: 3, DeadLetters: 1, Spool: "/spool",
		},
		"2 records stay in the spool at /spool: It is away: really.": {Records: 2, Spool: "/spool", Reason: "It is away: really."},
		"1 erasures of learners are not done in Postgres and stay in the spool at /spool: It refuses. " +
			"Order them again if the spool goes with the pod. All 3 updates accepted are saved in Postgres": {
			Accepted: 3, Erasures: 1, ErasureReason: "It refuses.", Spool: "/spool",
		},
		"1 erasures of learners are not done in Postgres and stay in the spool at /spool: It is away. " +
			"Order them again if the spool goes with the pod. 2 records stay in the spool at /spool: It is away.": {
			Records: 2, Reason: "It is away.", Erasures: 1, ErasureReason: "It is away.", Spool: "/spool",
		},
	} {
		got, ok := ParseEnding(text)
		if diff := cmp.Diff(want, got); !ok || diff != "" {
			t.Errorf("%s\nread: %v (-want +got):\n%s", text, ok, diff)
		}
	}
}

func TestOtherMessagesAreNoEnding(t *testing.T) {
	for _, text := range []string{
		"", "panic: runtime error", "drained", "-1 records stay in the spool at /spool: x",
		"99999999999999999999 records stay in the spool at /spool: x", "the spool's disk failed, restarting to read again what it holds: EIO",
	} {
		if got, ok := ParseEnding(text); ok {
			t.Errorf("%q was read as %+v", text, got)
		}
	}
}
