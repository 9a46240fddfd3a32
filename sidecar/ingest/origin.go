package ingest

import (
	"net"
	"net/http"
	"strings"
)

// Admits answers a request that may not use what is not for learners, and
// reports false then. It is for what is served beside this API.
func (h *Handler) Admits(w http.ResponseWriter, r *http.Request) bool {
	return h.isFromHere(w, r) && h.isForLMS(w, r, h.limits.Load().UserHeader)
}

// isFromHere answers a request that a web page sends from elsewhere, and
// reports false then.
func (h *Handler) isFromHere(w http.ResponseWriter, r *http.Request) bool {
	switch {
	case !isLoopbackHost(r.Host):
		h.refuseHost(w)
	case isCrossOrigin(r):
		h.refuseOrigin(w)
	default:
		return true
	}
	return false
}

// isLoopbackHost reports whether a Host header names this machine. A web page
// whose name was made to resolve to 127.0.0.1 sends its own name.
func isLoopbackHost(host string) bool {
	switch name := host; {
	case strings.HasPrefix(name, "127.0.0.1:"), strings.HasPrefix(name, "localhost:"):
		return true
	case name == "127.0.0.1", name == "localhost", name == "[::1]", name == "":
		return true
	default:
		name, _, err := net.SplitHostPort(host)
		return err == nil && name == "::1"
	}
}

// isCrossOrigin reports whether a browser sends a change for a page that is not
// the sidecar's own. A text/plain body needs no preflight, so that a page in
// the browser of someone who has a port forwarded could write without it. What
// is no browser does not send the header.
func isCrossOrigin(r *http.Request) bool {
	switch r.Method {
	case http.MethodGet, http.MethodHead, http.MethodOptions:
		return false
	}
	sites, given := r.Header["Sec-Fetch-Site"]
	return given && (len(sites) != 1 || sites[0] != "same-origin" && sites[0] != "none" && sites[0] != "")
}

func (h *Handler) refuseOrigin(w http.ResponseWriter) {
	h.reject(ReasonOrigin, 1)
	h.writeProblem(w, &problem{
		status: http.StatusForbidden, kind: "cross-origin", title: "Another origin's page",
		detail: "nothing was kept: only pages of the same origin may send this; " +
			"a page calls the LMS's proxy under its own origin, see Sec-Fetch-Site",
	})
}

func (h *Handler) refuseHost(w http.ResponseWriter) {
	h.reject(ReasonHost, 1)
	h.writeProblem(w, &problem{
		status: http.StatusForbidden, kind: "host", title: "Host not allowed",
		detail: "the Host header must be localhost, 127.0.0.1 or [::1]; " +
			"a proxy in front must send the address of the sidecar as Host",
	})
}
