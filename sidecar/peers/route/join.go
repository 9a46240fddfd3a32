package route

import (
	"errors"

	"github.com/progress-sync/progress-sync/sidecar/buffer"
)

// answer is what came of a part. With an error there are no results.
type answer struct {
	results []buffer.Result
	err     error
}

// follow is the answer for a part of which the first items were handed on: their
// results, and behind them those of what was kept, or for each the error in their
// place. Where nothing was handed on the error is the part's.
func follow(handedOn []buffer.Result, items int, kept []buffer.Result, err error) ([]buffer.Result, error) {
	switch {
	case err == nil:
		return append(handedOn, kept...), nil
	case len(handedOn) == 0:
		return nil, err
	}
	for len(handedOn) < items {
		handedOn = append(handedOn, buffer.Result{Err: err})
	}
	return handedOn, nil
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
