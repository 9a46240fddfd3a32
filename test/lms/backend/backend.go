// Package backend is what learners' apps talk to in a pod of the sample LMS: it hands
// on to the pod's sidecar, in the name of the learner, and says which pod it was.
//
// In come POST and GET /v1/progress with the learner's name in LearnerHeader, which
// is believed, since this is a sample; out go the sidecar's answers.
package backend

import (
	"errors"
	"net"
	"net/http"
	"net/http/httputil"
	"net/url"

	"github.com/progress-sync/progress-sync/test/lms/report"
)

// LearnerHeader is where an app names its learner.
const LearnerHeader = "X-Learner"

// Options of New.
type Options struct {
	// Sidecar is the address in PROGRESS_SYNC_URL.
	Sidecar *url.URL
	// UserHeader is the policy's spec.ingest.userHeader; empty where it has none.
	UserHeader string
	// Pod is the name of this one.
	Pod string
	// Transport to the sidecar.
	Transport http.RoundTripper
}

// New returns the handler.
func New(o Options) http.Handler {
	proxy := &httputil.ReverseProxy{
		Transport: o.Transport,
		Rewrite: func(r *httputil.ProxyRequest) {
			r.SetURL(o.Sidecar)
			r.Out.Host = "127.0.0.1" // the sidecar takes nothing else
			r.Out.Header.Del(LearnerHeader)
			if o.UserHeader != "" {
				r.Out.Header.Set(o.UserHeader, r.In.Header.Get(LearnerHeader))
			}
		},
		ErrorHandler: func(w http.ResponseWriter, _ *http.Request, err error) {
			// What never got to the sidecar is refused. Else it may have been taken.
			if operation := new(net.OpError); errors.As(err, &operation) && operation.Op == "dial" {
				w.Header().Set("Retry-After", "1")
				http.Error(w, "the sidecar can't be reached", http.StatusServiceUnavailable)
				return
			}
			http.Error(w, "the sidecar has not answered", http.StatusBadGateway)
		},
	}
	named := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set(report.PodHeader, o.Pod)
		proxy.ServeHTTP(w, r)
	})
	mux := http.NewServeMux()
	mux.Handle("POST /v1/progress", named)
	mux.Handle("GET /v1/progress", named)
	return mux
}
