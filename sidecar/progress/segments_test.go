package progress

import (
	"math"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"
)

// anySegments has few steps, and ends in the same places often.
func anySegments() *rapid.Generator[Segments] {
	return rapid.Custom(func(t *rapid.T) Segments {
		step := rapid.SampledFrom([]float64{1, 2, 8, 16_384}).Draw(t, "step")
		second := rapid.OneOf(rapid.Float64Range(0, 40*step), rapid.Float64Range(0, MaxSegmentSeconds))
		var pairs [][2]float64
		for range rapid.IntRange(0, 4).Draw(t, "pairs") {
			from, to := second.Draw(t, "from"), second.Draw(t, "to")
			pairs = append(pairs, [2]float64{min(from, to), max(from, to)})
		}
		return SegmentsOf(pairs, UsualSegmentBits*step)
	})
}

func pairs(s Segments, duration float64) (all [][2]float64) {
	s.Each(duration, func(from, to float64) { all = append(all, [2]float64{from, to}) })
	return all
}

func TestJoiningGivesTheSameWhateverTheOrderAndHowOften(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		a, b, c := anySegments().Draw(t, "a"), anySegments().Draw(t, "b"), anySegments().Draw(t, "c")
		ab := a.Join(b)
		if ab != b.Join(a) {
			t.Fatalf("a·b is %v, b·a is %v", ab, b.Join(a))
		}
		if left, right := ab.Join(c), a.Join(b.Join(c)); left != right {
			t.Fatalf("(a·b)·c is %v, a·(b·c) is %v", left, right)
		}
		if ab.Join(a) != ab || ab.Join(ab) != ab || a.Join(Segments{}) != a {
			t.Fatalf("a second time changes %v", ab)
		}
		if again, ok := SegmentsFrom(ab.Step, []byte(ab.Bits)); !ok || again != ab {
			t.Fatalf("%v is not what it is made of again, %v", ab, again)
		}
	})
}

// What a bit of the finer step stands for is in the coarser one, and nothing else is.
func TestAJoinHasWhatEitherHas(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		a, b := anySegments().Draw(t, "a"), anySegments().Draw(t, "b")
		m := a.Join(b)
		second := func(s Segments, at int) bool {
			return s.Step > 0 && at/int(s.Step) < 8*len(s.Bits) && s.has(at/int(s.Step))
		}
		for bit := range MaxSegmentBits {
			within, want := bit*int(m.Step), false
			for at := within; at < within+int(m.Step); at++ {
				want = want || second(a, at) || second(b, at)
			}
			if got := second(m, within); m.Step > 0 && got != want {
				t.Fatalf("bit %d is %v, want %v", bit, got, want)
			}
		}
	})
}

func TestWhatComesOutGoesInAgain(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		s := anySegments().Draw(t, "segments")
		duration := UsualSegmentBits * float64(s.Step)
		out := pairs(s, duration)
		if len(out) > MaxSegments {
			t.Fatalf("there are %d segments", len(out))
		}
		if again := SegmentsOf(out, duration); again != s {
			t.Fatalf("%v became %v", s, again)
		}
	})
}

func TestSegments(t *testing.T) {
	tests := map[string]struct {
		segments [][2]float64
		duration float64
		step     int32
		want     [][2]float64
		share    float64
	}{
		"a short lesson has a bit a second":      {[][2]float64{{0, 12}, {30, 45}}, 300, 1, [][2]float64{{0, 12}, {30, 45}}, 9},
		"976 seconds still have":                 {[][2]float64{{0, 976}}, 976, 1, [][2]float64{{0, 976}}, 100},
		"977 seconds have one for two":           {[][2]float64{{0, 977}}, 977, 2, [][2]float64{{0, 977}}, 100},
		"an hour has one for four seconds":       {[][2]float64{{0, 1800}}, 3600, 4, [][2]float64{{0, 1800}}, 50},
		"without a duration the furthest counts": {[][2]float64{{1000, 1900}, {0, 4}}, 0, 2, [][2]float64{{0, 4}, {1000, 1900}}, 0},
		"segments that meet are one":             {[][2]float64{{0, 10.4}, {10.4, 20.6}}, 300, 1, [][2]float64{{0, 21}}, 7},
		"both ends are rounded":                  {[][2]float64{{9.5, 14.4}}, 100, 1, [][2]float64{{10, 14}}, 4},
		"a moment may be nothing":                {[][2]float64{{10.1, 10.4}}, 300, 1, nil, 0},
		"what follows the end is cut off":        {[][2]float64{{-1, 400}}, 100.3, 1, [][2]float64{{0, 100}}, 100},
		"an uneven end is the lesson's":          {[][2]float64{{0, 99.8}}, 99.8, 1, [][2]float64{{0, 99.8}}, 100},
		"one shorter than half a second is seen": {[][2]float64{{0, 0.4}}, 0.4, 1, [][2]float64{{0, 0.4}}, 100},
		"nothing is nothing":                     {nil, 300, 1, nil, 0},
		"no number is nothing":                   {[][2]float64{{math.NaN(), math.NaN()}, {5, math.NaN()}}, 300, 1, nil, 0},
		// What players of others have told, by the reports of their users.
		// github.com/jhaag75/xapi-videojs/issues/30: small gaps where a film was paused must not keep it from being seen whole.
		"small gaps of pauses are none": {[][2]float64{{0, 9.8}, {9.9, 20}, {20.3, 40.4}, {40.45, 60}}, 60, 1, [][2]float64{{0, 60}}, 100},
		// github.com/thexerteproject/xerteonlinetoolkits/issues/1273: back and forth within what was seen.
		"back within what was seen is once": {[][2]float64{{0, 60}, {20, 30}, {10, 15}, {30, 70}}, 100, 1, [][2]float64{{0, 70}}, 70},
		// github.com/h5p/h5p-video/pull/17: a part that ends where it begins.
		"a part of no length is nothing":    {[][2]float64{{5, 5}, {0, 0}, {300, 300}}, 300, 1, nil, 0},
		"a part that ends before it begins": {[][2]float64{{16.873, 16.183}, {20, 5}}, 300, 1, nil, 0},
		"sums of fractions that don't meet": {[][2]float64{{0, 0.1 + 0.2}, {0.3, 20.299999999999997}, {20.3, 30.000000000000004}}, 30, 1, [][2]float64{{0, 30}}, 100},
		// github.com/video-dev/hls.js/issues/1053: a live stream's length grows, and what is played lies about its end.
		"a part that lies about the end":      {[][2]float64{{3620, 3640.2}}, 3629.6, 4, [][2]float64{{3620, 3628}}, 100 * 2 / 907.0},
		"a part that lies behind the end":     {[][2]float64{{650, 700}}, 600, 1, nil, 0},
		"an endless one goes by the furthest": {[][2]float64{{0, 8}}, 1e10, 1, [][2]float64{{0, 8}}, 0},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			s := SegmentsOf(tt.segments, tt.duration)
			if tt.want != nil && s.Step != tt.step {
				t.Errorf("a bit is %d s, want %d", s.Step, tt.step)
			}
			if diff := cmp.Diff(tt.want, pairs(s, tt.duration)); diff != "" {
				t.Errorf("want -, got +:\n%s", diff)
			}
			if got := s.Share(tt.duration); math.Abs(got-tt.share) > 0.01 {
				t.Errorf("seen are %v %%, want %v", got, tt.share)
			}
		})
	}
}

func TestWhatCanBeNoSegmentsIsRefused(t *testing.T) {
	long := make([]byte, MaxSegmentBits/8+1)
	long[len(long)-1] = 1
	for _, step := range []int32{-1, 0, 3, 2 * MaxSegmentStep} {
		if s, ok := SegmentsFrom(step, []byte{1}); ok {
			t.Errorf("a step of %d s is %v", step, s)
		}
	}
	if s, ok := SegmentsFrom(1, long); ok {
		t.Errorf("%d bytes are %v", len(long), s)
	}
	if s, ok := SegmentsFrom(3, []byte{0, 0}); !ok || s != (Segments{}) {
		t.Errorf("nothing seen is %v, %v", s, ok)
	}
}

func TestAJoinThatAddsNothingAllocatesNothing(t *testing.T) {
	all, some := SegmentsOf([][2]float64{{0, 2000}}, 2048), SegmentsOf([][2]float64{{3, 7}}, 300)
	if n := testing.AllocsPerRun(100, func() { all = all.Join(some).Join(Segments{}) }); n > 0 {
		t.Errorf("it allocates %v times", n)
	}
}

// github.com/video-dev/hls.js/issues/1659: the duration is a short one until more of the
// stream is known. What was the whole of that one is not the whole.
func TestALongerDurationMakesTheShareSmaller(t *testing.T) {
	for _, told := range []float64{28, 300, 976} {
		s := SegmentsOf([][2]float64{{0, told}}, told)
		for _, duration := range []float64{1000, 3600, 1e6} {
			if got, want := s.Share(duration), 100*told/duration; math.Abs(got-want) > 0.01 {
				t.Errorf("%v of %v s are %v %%, want %v", told, duration, got, want)
			}
		}
	}
}
