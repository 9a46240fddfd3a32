package route

import (
	"github.com/google/uuid"

	"github.com/progress-sync/progress-sync/sidecar/peers/members"
)

// part is the items of a call that have one home.
type part struct {
	home  members.Member
	self  bool
	items []int // their places in the call, rising; nil for all of them
}

// split divides items, at least one, by the homes of their learners. The part of this
// sidecar comes first, if there is one.
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
