package report

import (
	"encoding/xml"
	"errors"
	"io"
	"strings"
	"testing"
)

func TestFindingIsTheMedianOfTheRatiosOfEachRound(t *testing.T) {
	f := Finding{
		Ours:  Series{Rounds: []float64{10, 40, 90}},
		Other: &Series{Rounds: []float64{10, 20, 30}},
	}
	if got := f.Value(); got != 2 {
		t.Errorf("got %v, want the median of 1, 2 and 3", got)
	}
}

func TestMarkdownSaysWhetherATargetIsMet(t *testing.T) {
	table := Markdown([]Finding{
		{Measured: "acknowledged", Target: AtLeast(0.65), Ours: Series{Unit: "/s", Rounds: []float64{60_000}}, Other: &Series{Name: "decode", Unit: "/s", Rounds: []float64{80_000}}},
		{Measured: "memory", Target: AtMost(20, "MiB"), Ours: Series{Unit: "MiB", Rounds: []float64{21, 23, 22}}},
	})
	for _, want := range []string{
		"| acknowledged | **0.75** | ≥ 0.65 | yes | 60.0k /s | decode: 80.0k /s |",
		"| memory | **22 MiB** | ≤ 20 MiB | no | 22 MiB | – |",
	} {
		if !strings.Contains(table, want) {
			t.Errorf("the table lacks\n%s\n%s", want, table)
		}
	}
}

func TestAGridHasAllCasesOfASettingOnOneLine(t *testing.T) {
	decode := Series{Name: "decode", Unit: "/s", Rounds: []float64{100, 200}}
	table := Grid{
		Reference: "decode only", Cases: []string{"easy", "hard"},
		Lines: []Line{{"64 connections", []Finding{
			{Target: AtLeast(0.65), Ours: Series{Unit: "/s", Rounds: []float64{70, 140}}, Other: &decode},
			{Ours: Series{Unit: "/s", Rounds: []float64{25, 50}}, Other: &decode},
		}}},
	}.Markdown()
	want := "| setting | decode only | easy | hard |\n|---|---|---|---|\n" +
		"| 64 connections | 150 /s | 105 /s, **0.70** (≥ 0.65: yes) | 37.5 /s, **0.25** |\n"
	if table != want {
		t.Errorf("got\n%s\nwant\n%s", table, want)
	}
}

func TestAGridWithoutAReferenceHasThatOfEachCaseInItsCell(t *testing.T) {
	table := Grid{
		Cases: []string{"2 sidecars", "16 sidecars"},
		Lines: []Line{
			{"p50", []Finding{
				{Target: AtMost(1.5, ""), Ours: Series{Unit: "ms", Rounds: []float64{3}}, Other: &Series{Unit: "ms", Rounds: []float64{1}}},
				{Ours: Series{Unit: "ms", Rounds: []float64{6}}, Other: &Series{Unit: "ms", Rounds: []float64{4}}},
			}},
			{"reduction", []Finding{
				{Target: Target{Bound: 97, Unit: "%"}, Ours: Series{Unit: "%", Rounds: []float64{98}}},
				{Ours: Series{Unit: "%", Rounds: []float64{75}}},
			}},
		},
	}.Markdown()
	want := "| setting | 2 sidecars | 16 sidecars |\n|---|---|---|\n" +
		"| p50 | 3 ms to 1 ms, **3** (≤ 1.50: no) | 6 ms to 4 ms, **1.50** |\n" +
		"| reduction | 98 % (≥ 97 %: yes) | 75 % |\n"
	if table != want {
		t.Errorf("got\n%s\nwant\n%s", table, want)
	}
}

func TestTwoBuildsAreComparedWithinARoundAndTheSpreadIsTold(t *testing.T) {
	table := Comparisons([]Comparison{{
		"start", Series{Name: "this", Unit: "s", Rounds: []float64{1, 2, 3}}, Series{Name: "that", Unit: "s", Rounds: []float64{2, 2, 2}},
	}})
	want := "| measured | this | the other build | ratio | least to greatest |\n|---|---|---|---|---|\n| start | 2 s | that: 2 s | **1** | 0.50 to 1.50 |\n"
	if table != want {
		t.Errorf("got\n%s\nwant\n%s", table, want)
	}
}

func TestTablesWithoutLinesAreLeftOut(t *testing.T) {
	if got := (Grid{}).Markdown() + Comparisons(nil) + Markdown(nil); got != "" {
		t.Errorf("got %q", got)
	}
}

func TestChartIsWellFormed(t *testing.T) {
	chart := Chart("rows & <rates>", []Series{{Name: "progress-sync", Rounds: []float64{2}}, {Name: "direct", Rounds: []float64{0}}})
	decoder := xml.NewDecoder(strings.NewReader(chart))
	for {
		if _, err := decoder.Token(); errors.Is(err, io.EOF) {
			return
		} else if err != nil {
			t.Fatal(err)
		}
	}
}
