package iso8601

import (
	"math"
	"strings"
	"testing"
	"time"
)

func TestALengthOfTimeIsReadInSeconds(t *testing.T) {
	for text, want := range map[string]float64{
		"PT0S": 0, "PT12.34S": 12.34, "PT12,5S": 12.5, "PT3M15S": 195, "PT03M15S": 195, "PT1H0M0.1S": 3600.1, "PT90M": 5400,
		"PT0.5H": 1800, "P1D": 86400, "P1DT2H": 93600, "P2W": 1209600, "P0.5W": 302400, "P0Y0M1D": 86400, "PT16559.14S": 16559.14,
	} {
		got, fixed, err := Duration(text)
		if err != nil || !fixed || math.Abs(got-want) > 1e-9 {
			t.Errorf("%s: %v s, fixed %t, error %v; want %v s", text, got, fixed, err, want)
		}
	}
}

func TestAYearOrAMonthHasNoFixedLength(t *testing.T) {
	for _, text := range []string{"P1Y", "P3M", "P3Y1M29DT4H35M59.14S", "P0.5Y"} {
		if _, fixed, err := Duration(text); err != nil || fixed {
			t.Errorf("%s: fixed %t, error %v", text, fixed, err)
		}
	}
}

func TestWhatIsNoLengthOfTimeIsRefused(t *testing.T) {
	for _, text := range []string{
		"", "P", "PT", "P1DT", "T1S", "1S", "PT1", "PTS", "PT-1S", "-PT1S", "PT1S2M", "PT1M1M", "P1S", "PT1D", "PT1.5M1S", "PT1.S",
		"PT.5S", "P1W1D", "PW", "pt1s", "PA1H0M0S", "P1H", "PT1e3S", "PTNaNS", "P0001-00-00T00:00:00", "PT1S ", "PT" + strings.Repeat("9", 70) + "S", "PT1.2.3S",
	} {
		if got, _, err := Duration(text); err == nil {
			t.Errorf("%q is %v s", text, got)
		}
	}
}

func TestATimeIsRead(t *testing.T) {
	want := time.Date(2026, 3, 1, 9, 30, 0, 0, time.UTC)
	for _, text := range []string{
		"2026-03-01T09:30:00Z", "2026-03-01T09:30:00.000Z", "2026-03-01T10:30:00+01:00", "2026-03-01T10:30:00+0100", "2026-03-01T10:30:00+01",
		"2026-03-01T09:30:00", "2026-03-01T09:30Z", "20260301T093000Z", "2026-03-01T09:30:00,000Z",
	} {
		if got, err := Time(text); err != nil || !got.Equal(want) {
			t.Errorf("%s: %v, %v", text, got, err)
		}
	}
}

func TestWhatIsNoTimeIsRefused(t *testing.T) {
	for _, text := range []string{
		"", "yesterday", "2026-03-01T09:30:00-00:00", "2026-03-01T09:30:00-0000", "2026-03-01T09:30:00-00", "2026-02-30T09:30:00Z", "09:30:00Z",
		"1793000000000", "2026-03-01T25:00:00Z", "2026-03-01 09:30:00Z", "2026-03-01T09:30:00." + strings.Repeat("0", 70) + "Z",
	} {
		if got, err := Time(text); err == nil {
			t.Errorf("%q is %v", text, got)
		}
	}
}

func FuzzDuration(f *testing.F) {
	for _, text := range []string{"PT3M15S", "P1DT2H", "P2W", "P3Y1M29DT4H35M59.14S", "PT1.5M1S"} {
		f.Add(text)
	}
	f.Fuzz(func(t *testing.T, text string) {
		seconds, fixed, err := Duration(text)
		if err != nil {
			return
		}
		if text[0] != 'P' || seconds < 0 || math.IsNaN(seconds) || math.IsInf(seconds, 0) {
			t.Errorf("%q is %v s", text, seconds)
		}
		if !fixed && !strings.ContainsAny(text, "YM") {
			t.Errorf("%q has no fixed length", text)
		}
	})
}
