package ingest

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"time"

	"github.com/progress-sync/progress-sync/sidecar/buffer"
	"github.com/progress-sync/progress-sync/sidecar/postgres"
	"github.com/progress-sync/progress-sync/sidecar/progress"
	"github.com/progress-sync/progress-sync/sidecar/state"
)

// read serves GET /v1/progress: what the database holds, merged with what is
// accepted and not saved, as the learner's home knows it. It waits for the database no
// longer than the read timeout, and a moment only where that is known to be in vain.
func (h *Handler) read(w http.ResponseWriter, r *http.Request, limits Limits) {
	user, wrong := requireUser(r, limits.UserHeader)
	if wrong != nil {
		h.writeProblem(w, wrong)
		return
	}
	filter, wrong := filterOf(r, user, "userId")
	if wrong != nil {
		h.writeProblem(w, wrong)
		return
	}
	h.saveForHome(r, filter, limits)
	answered, missed := h.handOn(w, r, filter.UserID, limits)
	if answered {
		return
	}
	room := h.lease(limits)
	defer room.end()
	unsaved := h.buffer.Tally(filter).Records
	if unsaved > postgres.MaxReadRecords {
		h.writeProblem(w, tooManyLessons(filter))
		return
	}
	if !room.grow(int64(unsaved) * recordBytes) {
		h.writeProblem(w, h.overloaded())
		return
	}
	var v view
	if h.reads.enter(limits.maxReads()) {
		v = h.inTime(r.Context(), filter, limits)
		h.reads.leave()
	} else {
		v = view{unsaved: h.buffer.Unsaved(filter), stale: true}
	}
	v.stale = v.stale || missed
	if v.tooMany {
		h.writeProblem(w, tooManyLessons(filter))
		return
	}
	if !room.grow(int64(len(v.saved)+len(v.unsaved)) * recordBytes) {
		h.writeProblem(w, h.overloaded())
		return
	}
	out := h.pools.getBuffer()
	defer h.pools.putBuffer(out)
	sync := h.stateOf(buffer.Filter{UserID: user})
	sync.Variant = h.variantOf(filter.UserID)
	*out = appendView((*out)[:0], &v, &sync, missed, h.limits.Load().Completion)
	h.write(w, http.StatusOK, *out)
}

// inTime is consistent within the read timeout, or a moment where waiting is known to be
// in vain.
func (h *Handler) inTime(ctx context.Context, filter buffer.Filter, limits Limits) view {
	turn := h.patience.begin(h.now(), limits.ReadTimeout)
	ctx, cancel := context.WithTimeout(ctx, turn.wait)
	defer cancel()
	v := h.consistent(ctx, filter)
	h.patience.end(turn, h.now(), !v.silent)
	return v
}

// tooManyLessons says how to ask for less.
func tooManyLessons(filter buffer.Filter) *problem {
	name, ask := "courseId", "one course"
	if filter.CourseID != "" {
		name, ask = "lessonId", "one lesson"
	}
	return queryProblem(name, fmt.Sprintf("is missing: the learner has more than %d lessons, ask for %s at a time",
		postgres.MaxReadRecords, ask))
}

// recordBytes is about what a record takes in an answer.
const recordBytes = 500

// view is what is known of some keys: their saved records, and their unsaved
// ones.
type view struct {
	saved   []progress.Record
	unsaved []buffer.Unsaved
	// stale means that saved is missing or may be behind.
	stale bool
	// silent means that the database did not answer.
	silent bool
	// tooMany means that the database has more than it returns at once.
	tooMany bool
}

// consistent asks the database, then the buffer for what is not in that answer. The
// two don't change together, so it compares the number of the last batch that
// the answer includes with the last one that the buffer no longer holds, and
// asks again until they agree: otherwise a batch that was just being written
// would count twice, or not at all.
func (h *Handler) consistent(ctx context.Context, filter buffer.Filter) view {
	const pause = 5 * time.Millisecond
	for {
		progressed := h.buffer.Progressed()
		saved, err := h.reader.Read(ctx, filter)
		if errors.Is(err, postgres.ErrTooManyRecords) {
			return view{tooMany: true}
		}
		if err != nil {
			return view{unsaved: h.buffer.Unsaved(filter), stale: true, silent: true}
		}
		agreed := h.agrees(saved.Applied)
		var v view
		if saved.Forms == nil {
			v = view{saved: saved.Records, unsaved: h.buffer.Unsaved(filter)}
		} else {
			v.saved, v.unsaved = oneKeyARow(saved.Forms, filter, saved.Records, h.buffer.Unsaved(buffer.Filter{UserID: filter.UserID}))
		}
		if agreed && h.agrees(saved.Applied) {
			return v
		}
		timer := time.NewTimer(pause)
		select {
		case <-progressed:
		case <-timer.C:
		case <-ctx.Done():
			timer.Stop()
			v.stale = true
			return v
		}
		timer.Stop()
	}
}

// agrees reports whether the buffer holds all batches after the given ones and
// no others.
func (h *Handler) agrees(applied []uint64) bool {
	for lane := range h.buffer.Lanes() {
		if lane >= len(applied) || applied[lane] != h.buffer.Applied(lane) {
			return false
		}
	}
	return true
}

// appendView writes the answer, sorted by key. missed says that the learner's home was
// not asked.
func appendView(b []byte, v *view, sync *state.SyncState, missed bool, completion progress.Completion) []byte {
	b = append(b, `{"progress":[`...)
	first := true
	v.each(func(saved *progress.Record, unsaved *buffer.Unsaved) {
		if !first {
			b = append(b, ',')
		}
		first = false
		switch {
		case unsaved == nil:
			b = append(appendRecord(b, saved, 0), '}')
		case saved == nil:
			b = appendUnsaved(b, unsaved, completion.Of(unsaved.Record))
		default:
			b = appendUnsaved(b, unsaved, completion.Of(progress.Merge(*saved, unsaved.Record.Raise(saved.Generation))))
		}
	})
	b = append(b, `],"stale":`...)
	if v.stale {
		b = append(b, `true,"sync":`...)
	} else {
		b = append(b, `false,"sync":`...)
	}
	b = appendSyncState(b, sync, missed)
	return append(b, "}\n"...)
}

// each calls do for every key in order, with what is saved of it and what is not, either
// of which may be nil.
func (v *view) each(do func(saved *progress.Record, unsaved *buffer.Unsaved)) {
	slices.SortFunc(v.saved, func(a, b progress.Record) int { return a.Key.Compare(b.Key) })
	slices.SortFunc(v.unsaved, func(a, b buffer.Unsaved) int { return a.Record.Key.Compare(b.Record.Key) })
	for s, d := 0, 0; s < len(v.saved) || d < len(v.unsaved); {
		order := -1
		switch {
		case s == len(v.saved):
			order = 1
		case d < len(v.unsaved):
			order = v.saved[s].Key.Compare(v.unsaved[d].Record.Key)
		}
		switch {
		case order < 0:
			do(&v.saved[s], nil)
			s++
		case order > 0:
			do(nil, &v.unsaved[d])
			d++
		default:
			do(&v.saved[s], &v.unsaved[d])
			s, d = s+1, d+1
		}
	}
}

// appendUnsaved writes a merged record together with the part of it that is not
// saved.
func appendUnsaved(b []byte, unsaved *buffer.Unsaved, merged progress.Record) []byte {
	pending := max(1, unsaved.PendingUpdates+unsaved.InFlightUpdates)
	b = appendRecord(b, &merged, pending)
	b = append(b, `,"unsaved":`...)
	b = appendRecord(b, &unsaved.Record, pending)
	return append(b, "}}"...)
}
