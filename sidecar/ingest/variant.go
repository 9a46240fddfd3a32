package ingest

import (
	"github.com/progress-sync/progress-sync/sidecar/progress"
	"github.com/progress-sync/progress-sync/sidecar/timing"
)

// SetTerms takes effect for answers that come later.
func (h *Handler) SetTerms(t *timing.Table) { h.terms.Store(t) }

// variantOf is the name of a learner's arm, empty without a learner or variants.
func (h *Handler) variantOf(userID string) string {
	t := h.terms.Load()
	if t == nil || userID == "" {
		return ""
	}
	return t.Variant(userID)
}

// variantAmong is the name of the arm of the learner of all updates, empty if they are
// of several.
func (h *Handler) variantAmong(updates []progress.Update) string {
	if len(updates) == 0 {
		return ""
	}
	name := h.variantOf(updates[0].UserID)
	if name == "" {
		return ""
	}
	for i := range updates {
		if updates[i].UserID != updates[0].UserID {
			return ""
		}
	}
	return name
}
