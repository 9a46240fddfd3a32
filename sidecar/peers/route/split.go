package route

import (
	"errors"

	"github.com/google/uuid"

	"github.com/progress-sync/progress-sync/sidecar/buffer"
	"github.com/progress-sync/progress-sync/sidecar/peers/members"
)

// part is the items of a call that have one home.
type part struct {
	home  members.Member
	self  bool
	items []int // their places in the call, rising; nil for all of them
}

// split divides items by the homes of their learners. The part of this sidecar
// comes first, if there is one.
func split(h Homes, items int, learner func(int) string) []part {
	first, self := h.Home(learner(0))
	same := 1
	for ; same < items; same++ {
		if home, _ := h.Home(learner(same)); home.Writer != first.Writer {
			break
		}
	}
	if same == items {
		return []part{{home: first, self: self}}
	}
	var parts []part
	places := map[uuid.UUID]int{}
	for i := range items {
		home, self := h.Home(learner(i))
		at, found := places[home.Writer]
		if !found {
			at = len(parts)
			places[home.Writer] = at
			parts = append(parts, part{home: home, self: self})
		}
		parts[at].items = append(parts[at].items, i)
	}
	for i := range parts {
		if parts[i].self {
			parts[0], parts[i] = parts[i], parts[0]
		}
	}
	return parts
}

// pick returns the items of the given places; nil stands for all.
func pick[T any](places []int, all []T) []T {
	if places == nil {
		return all
	}
	picked := make([]T, len(places))
	for i, place := range places {
		picked[i] = all[place]
	}
	return picked
}

// answer is what came of a part. With an error there are no results.
type answer struct {
	results []buffer.Result
	err     error
}

// whole is the answer of a home that has refused what it has no result for.
func whole(results []buffer.Result, items int, err error) ([]buffer.Result, error) {
	if err == nil || len(results) == 0 {
		return results, err
	}
	return follow(results, items, nil, err), nil
}

// follow puts the results of what was kept, or the error in their place, behind
// those of what was handed on.
func follow(handedOn []buffer.Result, items int, kept []buffer.Result, err error) []buffer.Result {
	if err == nil {
		return append(handedOn, kept...)
	}
	for len(handedOn) < items {
		handedOn = append(handedOn, buffer.Result{Err: err})
	}
	return handedOn
}

// join puts the results in the order of the call. An error that all parts have is
// the call's; that of one part is its items'.
func join(parts []part, answers []answer, items int) ([]buffer.Result, error) {
	shared := answers[0].err
	for _, a := range answers[1:] {
		if shared == nil || !errors.Is(a.err, shared) {
			shared = nil
			break
		}
	}
	if shared != nil {
		return nil, shared
	}
	results := make([]buffer.Result, items)
	for i, a := range answers {
		for n, place := range parts[i].items {
			if a.err != nil {
				results[place].Err = a.err
			} else {
				results[place] = a.results[n]
			}
		}
	}
	return results, nil
}
