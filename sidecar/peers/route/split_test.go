package route

import (
	"errors"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/progress-sync/progress-sync/sidecar/buffer"
)

func TestSplit(t *testing.T) {
	type want struct {
		Home  string
		Items []int
	}
	for sentence, c := range map[string]struct {
		learners []string
		want     []want
	}{
		"one learner is one part":                       {[]string{"far-1"}, []want{{"far", nil}}},
		"learners of one home are one part, not copied": {[]string{"far-1", "far-2", "far-1"}, []want{{"far", nil}}},
		"own learners are one part":                     {[]string{"own-1", "own-2"}, []want{{"own", nil}}},
		"the part of this sidecar comes first":          {[]string{"far-1", "near-1", "own-1", "far-2"}, []want{{"own", []int{2}}, {"near", []int{1}}, {"far", []int{0, 3}}}},
		"without own learners, that of the first does":  {[]string{"far-1", "near-1", "far-2", "near-2"}, []want{{"far", []int{0, 2}}, {"near", []int{1, 3}}}},
	} {
		t.Run(sentence, func(t *testing.T) {
			names := map[any]string{writerOf("own"): "own", writerOf("far"): "far", writerOf("near"): "near"}
			var got []want
			for _, p := range split(byName{}, len(c.learners), func(i int) string { return c.learners[i] }) {
				got = append(got, want{names[p.home.Writer], p.items})
				if p.self != (names[p.home.Writer] == "own") {
					t.Errorf("%+v", p)
				}
			}
			if diff := cmp.Diff(c.want, got); diff != "" {
				t.Error(diff)
			}
		})
	}
}

func TestPick(t *testing.T) {
	all := []string{"a", "b", "c"}
	if got := pick(nil, all); &got[0] != &all[0] {
		t.Error("all of them are copied")
	}
	if diff := cmp.Diff([]string{"a", "c"}, pick([]int{0, 2}, all)); diff != "" {
		t.Error(diff)
	}
}

var errA, errB = errors.New("a"), errors.New("b")

// numbered are results that can be told apart.
func numbered(numbers ...int64) (all []buffer.Result) {
	for _, n := range numbers {
		r := buffer.Result{}
		r.Record.UpdateCount = n
		all = append(all, r)
	}
	return all
}

func failed(err error) buffer.Result { return buffer.Result{Err: err} }

func TestJoin(t *testing.T) {
	parts := []part{{items: []int{1, 3}}, {items: []int{0, 2}}}
	for sentence, c := range map[string]struct {
		answers []answer
		want    []buffer.Result
		err     error
	}{
		"results come in the order of the call": {
			answers: []answer{{numbered(1, 3), nil}, {numbered(0, 2), nil}}, want: numbered(0, 1, 2, 3),
		},
		"the error of the first part is its items'": {
			answers: []answer{{nil, errA}, {numbered(0, 2), nil}},
			want:    []buffer.Result{numbered(0)[0], failed(errA), numbered(2)[0], failed(errA)},
		},
		"the error of another part is its items'": {
			answers: []answer{{numbered(1, 3), nil}, {nil, errA}},
			want:    []buffer.Result{failed(errA), numbered(1)[0], failed(errA), numbered(3)[0]},
		},
		"different errors are each part's": {
			answers: []answer{{nil, errA}, {nil, errB}}, want: []buffer.Result{failed(errB), failed(errA), failed(errB), failed(errA)},
		},
		"an error of all parts is the call's": {answers: []answer{{nil, errA}, {nil, errA}}, err: errA},
	} {
		t.Run(sentence, func(t *testing.T) {
			got, err := join(parts, c.answers, 4)
			if !errors.Is(err, c.err) {
				t.Fatal(err)
			}
			if diff := cmp.Diff(c.want, got, cmpopts.EquateErrors()); diff != "" {
				t.Error(diff)
			}
		})
	}
}

func TestFollow(t *testing.T) {
	for sentence, c := range map[string]struct {
		handedOn, kept []buffer.Result
		failed         error
		want           []buffer.Result
		err            error
	}{
		"all were handed on":             {handedOn: numbered(1, 2, 3), want: numbered(1, 2, 3)},
		"all were kept":                  {kept: numbered(1, 2, 3), want: numbered(1, 2, 3)},
		"what was kept comes behind":     {handedOn: numbered(1), kept: numbered(2, 3), want: numbered(1, 2, 3)},
		"the rest has the error":         {handedOn: numbered(1), failed: errA, want: append(numbered(1), failed(errA), failed(errA))},
		"an error of all is no result's": {failed: errA, err: errA},
	} {
		t.Run(sentence, func(t *testing.T) {
			got, err := follow(c.handedOn, 3, c.kept, c.failed)
			if !errors.Is(err, c.err) {
				t.Fatal(err)
			}
			if diff := cmp.Diff(c.want, got, cmpopts.EquateErrors()); diff != "" {
				t.Error(diff)
			}
		})
	}
}
