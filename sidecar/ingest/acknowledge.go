package ingest

import (
	"net/http"
	"strconv"

	"github.com/progress-sync/progress-sync/sidecar/buffer"
	"github.com/progress-sync/progress-sync/sidecar/ingest/scan"
)

// answerSome answers with the good items' records, null for the others, and the
// errors.
func (h *Handler) answerSome(w http.ResponseWriter, r *http.Request, user string, q *scan.Items, results []buffer.Result) {
	out := h.pools.getBuffer()
	defer h.pools.putBuffer(out)
	b := (*out)[:0]
	b = append(b, '{')
	p := preferred(r)
	if p != preferMinimal {
		b = append(b, `"progress":[`...)
		next := 0
		for item := range q.Count {
			start := next
			for ; next < len(results) && q.Origins[next] == item; next++ {
				if next > 0 || item > 0 {
					b = append(b, ',')
				}
				b = p.append(b, &results[next])
			}
			if next == start { // a bad item
				if item > 0 {
					b = append(b, ',')
				}
				b = append(b, "null"...)
			}
		}
		b = append(b, "],"...)
	}
	b = append(b, `"errors":`...)
	b = append(b, encode(q.Mistakes.Listed)...)
	if more := q.Mistakes.More(); more > 0 {
		b = append(b, `,"moreErrors":`...)
		b = strconv.AppendInt(b, int64(more), 10)
	}
	b = h.appendState(b, p, user, q, results)
	b = append(b, "}\n"...)
	*out = b
	h.apply(w, p)
	switch {
	case q.Mistakes.Full:
		setRetryAfter(w.Header(), h.untilNextSync())
	case q.Mistakes.Unavailable:
		setRetryAfter(w.Header(), homeRetry)
	}
	h.write(w, http.StatusMultiStatus, b)
}

// answerAll answers when every item was accepted. A user is told of their own
// part of the sync state.
func (h *Handler) answerAll(w http.ResponseWriter, p preference, user string, q *scan.Items, results []buffer.Result) {
	out := h.pools.getBuffer()
	defer h.pools.putBuffer(out)
	b := (*out)[:0]
	b = append(b, `{"progress":`...)
	if q.Single {
		b = p.append(b, &results[0])
	} else {
		b = append(b, '[')
		for i := range results {
			if i > 0 {
				b = append(b, ',')
			}
			b = p.append(b, &results[i])
		}
		b = append(b, ']')
	}
	b = h.appendState(b, p, user, q, results)
	b = append(b, "}\n"...)
	*out = b
	h.apply(w, p)
	h.write(w, http.StatusOK, b)
}

// append writes of a key what the client wants of it.
func (p preference) append(b []byte, r *buffer.Result) []byte {
	if p == preferReceipt {
		return appendReceipt(b, r)
	}
	return appendResult(b, r)
}

// appendState writes the sync state beside the results.
func (h *Handler) appendState(b []byte, p preference, user string, q *scan.Items, results []buffer.Result) []byte {
	b = append(b, `,"sync":`...)
	state := h.stateOf(buffer.Filter{UserID: user})
	if p == preferReceipt {
		return appendBriefSync(b, &state, areElsewhere(results))
	}
	state.Variant = h.variantAmong(q.Updates)
	return appendSyncState(b, &state, areElsewhere(results))
}

// isAllSaved reports whether only the database knows what there is of a key.
func isAllSaved(r *buffer.Result) bool { return r.Record.UpdateCount == 0 && r.Record.Generation == 0 }

// appendResult writes what the sidecar holds of a key, all of it unsaved.
func appendResult(b []byte, r *buffer.Result) []byte {
	switch {
	case r.Err != nil:
		return append(b, "null"...)
	case isAllSaved(r):
		b = append(b, '{')
		b = appendKey(b, &r.Record.Key)
		b = append(b, `,"saved":true,"pendingUpdates":0`...)
	default:
		b = appendRecord(b, &r.Record, r.Record.Accepted())
	}
	if r.Duplicate {
		b = append(b, `,"duplicate":true`...)
	}
	return append(b, '}')
}
