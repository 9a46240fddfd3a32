package scan

import (
	"slices"
	"strings"
	"testing"

	"github.com/progress-sync/progress-sync/sidecar/progress"
)

func TestPairsOfSecondsAreReadAsSegments(t *testing.T) {
	const mistake = "watchedSegments must be at most 4096 pairs of numbers from 0 to 1000000, in seconds, none of which ends before it begins"
	many := func(n int) string { return "[" + strings.TrimSuffix(strings.Repeat("[0,1],", n), ",") + "]" }
	tests := map[string]struct {
		json string
		want [][2]float64
		fail string
	}{
		"pairs":                          {`[[0, 12], [30, 45.2]]`, [][2]float64{{0, 12}, {30, 45}}, ""},
		"pairs that overlap":             {`[[20, 30], [10, 25]]`, [][2]float64{{10, 30}}, ""},
		"a little before the start":      {`[[-0.5, 12]]`, [][2]float64{{0, 12}}, ""},
		"beyond the duration":            {`[[590, 700]]`, [][2]float64{{590, 600}}, ""},
		"none":                           {`[]`, nil, ""},
		"null":                           {`null`, nil, ""},
		"as many as may be":              {many(4096), [][2]float64{{0, 1}}, ""},
		"more":                           {many(4097), nil, "watchedSegments must be at most 4096 pairs"},
		"no array":                       {`"0-12"`, nil, mistake + ", not a string"},
		"numbers":                        {`[0, 12]`, nil, mistake + ", which pair 1 is not"},
		"a pair of one":                  {`[[0, 1], [12]]`, nil, mistake + ", which pair 2 is not"},
		"a pair of three":                {`[[0, 12, 13]]`, nil, mistake + ", which pair 1 is not"},
		"a pair of texts":                {`[["0", "12"]]`, nil, mistake + ", which pair 1 is not"},
		"one that ends before its start": {`[[12, 11]]`, nil, mistake + ", which pair 1 is not"},
		"before the start":               {`[[-2, 11]]`, nil, mistake + ", which pair 1 is not"},
		"a time of day":                  {`[[1700000000, 1700000012]]`, nil, mistake + ", which pair 1 is not"},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			q := NewLayout(progress.Fields()).Items()
			q.Reset(Ask{Form: FormUpdate, MaxItems: 1000, Received: testNow})
			// The duration counts wherever it stands.
			body := `{"userId": "u", "courseId": "c", "lessonId": "l", "watchedSegments": ` + tt.json + `, "duration": 600}`
			if err := q.JSON([]byte(body)); err != nil {
				t.Fatal(err)
			}
			if tt.fail != "" {
				if q.Mistakes.Count != 1 || q.Mistakes.Listed[0].Detail != tt.fail || len(q.Updates) > 0 {
					t.Errorf("got %v", q.Mistakes.Listed)
				}
				return
			}
			if q.Mistakes.Count > 0 {
				t.Fatal(q.Mistakes.Listed)
			}
			var got [][2]float64
			q.Updates[0].WatchedSegments.Each(600, func(from, to float64) { got = append(got, [2]float64{from, to}) })
			if !slices.Equal(got, tt.want) {
				t.Errorf("got %v, want %v", got, tt.want)
			}
		})
	}
}
