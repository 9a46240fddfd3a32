package main

import (
	"testing"

	"github.com/progress-sync/progress-sync/test/bench/load"
)

// A round whose updates went elsewhere would compare a way with itself, and nobody would
// see that from the figures.
func TestARoundCountsOnlyIfItsUpdatesTookTheirWay(t *testing.T) {
	before := hopCounts{handedOn: 5000, kept: 40}
	for name, c := range map[string]struct {
		handedOn bool
		load     load.Result
		after    hopCounts
		counts   bool
	}{
		"all were handed on":                        {true, load.Result{Accepted: 1000}, hopCounts{6000, 40}, true},
		"all were accepted at home":                 {false, load.Result{Accepted: 1000}, hopCounts{5000, 40}, true},
		"a home was busy for one in a hundred":      {true, load.Result{Accepted: 1000}, hopCounts{5990, 50}, true},
		"a home was busy for more":                  {true, load.Result{Accepted: 1000}, hopCounts{5989, 51}, false},
		"nothing was handed on that should be":      {true, load.Result{Accepted: 1000}, hopCounts{5000, 40}, false},
		"some were handed on that were at home":     {false, load.Result{Accepted: 1000}, hopCounts{5001, 40}, false},
		"one was handed on and accepted once more":  {true, load.Result{Accepted: 1000}, hopCounts{6001, 40}, false},
		"others than the home accepted without hop": {false, load.Result{Accepted: 1000}, hopCounts{5000, 51}, false},
		"an update was refused":                     {true, load.Result{Accepted: 1000, Refused: 1}, hopCounts{6000, 40}, false},
	} {
		t.Run(name, func(t *testing.T) {
			way := hopWay{handedOn: c.handedOn}
			if err := way.check(before, c.after, c.load); (err == nil) != c.counts {
				t.Errorf("got error %v", err)
			}
		})
	}
}
