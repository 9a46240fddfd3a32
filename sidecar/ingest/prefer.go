package ingest

import (
	"net/http"
	"strings"
)

// preference is how much of an answer a client wants (RFC 7240).
type preference uint8

const (
	preferRecord  preference = iota
	preferReceipt            // of each record only what a page can't know that has sent the update
	preferMinimal            // nothing, where nothing is wrong
)

// preferred reads what a client wants; of several the first counts.
func preferred(r *http.Request) preference {
	for _, line := range r.Header["Prefer"] {
		for word := range strings.SplitSeq(line, ",") {
			word, _, _ = strings.Cut(word, ";")
			switch word = strings.TrimSpace(word); {
			case strings.EqualFold(word, "return=minimal"):
				return preferMinimal
			case strings.EqualFold(word, "return=receipt"):
				return preferReceipt
			}
		}
	}
	return preferRecord
}

// wantsMinimal reports whether the client prefers an answer without content.
func wantsMinimal(r *http.Request) bool { return preferred(r) == preferMinimal }

// preferenceWords are how answers name the preferences that they go by.
func preferenceWords() [3][]string {
	return [3][]string{preferReceipt: {"return=receipt"}, preferMinimal: {"return=minimal"}}
}

// apply tells the client that its preference was heeded.
func (h *Handler) apply(w http.ResponseWriter, p preference) {
	if word := h.preferences[p]; word != nil {
		w.Header()["Preference-Applied"] = word
	}
}

// answerNothing tells that all was accepted to a client that wants no more.
func (h *Handler) answerNothing(w http.ResponseWriter) {
	h.apply(w, preferMinimal)
	w.WriteHeader(http.StatusNoContent)
}
