package ingest

import (
	"fmt"
	"mime"
	"net/http"
	"slices"
	"strings"

	"github.com/google/uuid"

	"github.com/progress-sync/progress-sync/sidecar/config"
	"github.com/progress-sync/progress-sync/sidecar/ingest/scan"
	"github.com/progress-sync/progress-sync/sidecar/ingest/standards"
	"github.com/progress-sync/progress-sync/sidecar/progress"
)

// decoder reads a body in the form of a standard.
type decoder func(body []byte, ask *standards.Ask) ([]standards.Event, *standards.Mistake)

// ofStandard is for requests that only a policy with the standard takes.
func (h *Handler) ofStandard(s config.Standard, next endpoint) endpoint {
	return func(w http.ResponseWriter, r *http.Request, limits Limits) {
		if slices.Contains(limits.Standards, s) {
			next(w, r, limits)
			return
		}
		h.writeProblem(w, &problem{
			status: http.StatusNotFound, kind: "not-found", title: "Not taken here",
			detail: fmt.Sprintf("%s is not among the standards that this sidecar takes: add %s to ingest.standards of the policy, "+
				"which needs no restart", s, s),
		})
	}
}

// take accepts the events of a body as acceptance of updates does, all or none of them.
// ok is false if it has answered, since something was refused.
func (h *Handler) take(
	w http.ResponseWriter, r *http.Request, limits Limits, s config.Standard, decode decoder,
) (events []standards.Event, ok bool) {
	user, wrong := requireUser(r, limits.UserHeader)
	if wrong != nil {
		h.refuseUser(w, wrong, 1)
		return nil, false
	}
	if refused := onlyJSON(r, s); refused != nil {
		h.refuse(w, refused)
		return nil, false
	}
	buf := h.pools.getBuffer()
	defer h.pools.putBuffer(buf)
	room := h.lease(limits)
	defer room.end()
	_, refused := h.admit(r, buf, limits, &room)
	if refused != nil {
		h.refuse(w, refused)
		return nil, false
	}
	defer h.requests.leave()
	received := progress.InstantOf(h.now())
	events, mistake := decode(*buf, &standards.Ask{
		User: user, Prefixes: limits.IRIPrefixes, MaxEvents: limits.MaxItems, Received: received,
		Ranges: h.ranges, NewID: uuid.NewString,
	})
	if mistake != nil {
		h.refuseForeign(w, mistake)
		return nil, false
	}
	if s == config.StandardXAPI {
		if index := h.told.conflict(events); index >= 0 {
			h.refuseConflict(w, index)
			return nil, false
		}
	}
	if !h.putEvents(w, r, s, events, &room, received) {
		return nil, false
	}
	if s == config.StandardXAPI {
		h.told.remember(events)
	}
	return events, true
}

// putEvents accepts the updates among the events, and answers only if it can't.
func (h *Handler) putEvents(
	w http.ResponseWriter, r *http.Request, s config.Standard, events []standards.Event, room *lease, received progress.Instant,
) bool {
	q := h.pools.getItems(scan.Ask{})
	defer h.pools.putItems(q)
	outcomes := map[standards.Outcome]int{}
	for i := range events {
		outcomes[events[i].Outcome]++
		if events[i].Outcome == standards.OutcomeUpdate {
			q.Updates, q.Origins = append(q.Updates, events[i].Update), append(q.Origins, i)
		}
	}
	if !room.grow(room.taken + answerBytes(q)) {
		h.refuse(w, &refusal{ReasonOverloaded, *h.overloaded()})
		return false
	}
	h.clocks.Correct(q.Updates, received)
	if len(q.Updates) > 0 {
		results, err := h.buffer.Put(r.Context(), q.Updates)
		if err == nil {
			err = sharedFailure(results)
		}
		if err != nil {
			h.refusePut(w, err, len(q.Updates))
			return false
		}
		if kept := h.count(q, results); q.Mistakes.Count > 0 {
			h.refuseSome(w, q, kept)
			return false
		}
	}
	for outcome, n := range outcomes {
		h.state.Standard(s, outcome, n)
	}
	return true
}

// refuseSome answers where some updates could not be kept. The standards know no
// answer for a part, so that the sender has to send all again; what was kept counts once,
// by its id.
func (h *Handler) refuseSome(w http.ResponseWriter, q *scan.Items, kept int) {
	p := h.problemOfAll(&q.Mistakes)
	if kept > 0 {
		p.detail = fmt.Sprintf("%d of %d events were not kept, see errors; send the same request again, in which the others count once: %s",
			q.Mistakes.Items, len(q.Updates), q.Mistakes.Listed[0].Detail)
	}
	h.writeProblem(w, &p)
}

// refuseForeign answers a body that can't be taken, as a whole.
func (h *Handler) refuseForeign(w http.ResponseWriter, m *standards.Mistake) {
	where := ""
	if m.Index >= 0 {
		where = fmt.Sprintf("event %d: ", m.Index)
	}
	p := problem{
		status: m.Status, kind: "invalid", title: "Invalid events", detail: where + m.Words() + "; nothing of this request was kept",
	}
	if m.Field != "" {
		p.errors = []scan.Mistake{{Index: max(0, m.Index), Status: m.Status, Field: m.Field, Detail: m.Words()}}
	}
	reason := ReasonInvalid
	switch {
	case m.Status == http.StatusForbidden:
		p.kind, p.title, reason = "other-user", "Another learner", ReasonOtherUser
	case m.Status == http.StatusRequestEntityTooLarge:
		p.kind, p.title, reason = "too-large", "Request too large", ReasonTooLarge
	case m.Field == "":
		p.kind, p.title, reason = "malformed", "Malformed body", ReasonMalformed
	}
	h.reject(reason, 1)
	h.writeProblem(w, &p)
}

// onlyJSON refuses other media types, among them those in which standards say more.
func onlyJSON(r *http.Request, s config.Standard) *refusal {
	name, parameters, err := mime.ParseMediaType(r.Header.Get("Content-Type"))
	charset := parameters["charset"]
	if err == nil && name == "application/json" && (charset == "" || strings.EqualFold(charset, "utf-8")) {
		return nil
	}
	detail := "send it as Content-Type: application/json in UTF-8; nothing was kept"
	switch {
	case s == config.StandardXAPI && name == "multipart/mixed":
		detail = "attachments are not taken: send the statements alone as application/json, and name in fileUrl where their attachments are; " +
			"nothing was kept"
	case s == config.StandardXAPI && name == "application/x-www-form-urlencoded":
		detail = "requests in a form (the alternate request syntax) are not taken: send application/json; nothing was kept"
	}
	return &refusal{ReasonMediaType, problem{
		status: http.StatusUnsupportedMediaType, kind: "media-type", title: "Unsupported media type", detail: detail,
	}}
}
