package forward

import (
	"net/http"
	"time"
)

// patientWriter gives the client its time anew for each part of a stream of events;
// the server's own deadline is for answers that end.
type patientWriter struct {
	http.ResponseWriter
	patience time.Duration
}

// Unwrap is for http.ResponseController.
func (w *patientWriter) Unwrap() http.ResponseWriter { return w.ResponseWriter }

// Write implements http.ResponseWriter.
func (w *patientWriter) Write(p []byte) (int, error) {
	if w.Header().Get("Content-Type") == "text/event-stream" {
		if err := http.NewResponseController(w.ResponseWriter).SetWriteDeadline(time.Now().Add(w.patience)); err != nil {
			return 0, err
		}
	}
	return w.ResponseWriter.Write(p)
}
