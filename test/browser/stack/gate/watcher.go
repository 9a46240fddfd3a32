package gate

import "net/http"

// watcher tells the status of an answer.
type watcher struct {
	http.ResponseWriter
	status func(int)
}

func (w *watcher) WriteHeader(status int) {
	w.status(status)
	w.ResponseWriter.WriteHeader(status)
}

// Unwrap lets the proxy flush events.
func (w *watcher) Unwrap() http.ResponseWriter { return w.ResponseWriter }

// nowhere takes an answer that nobody gets.
type nowhere struct{ header http.Header }

func (n nowhere) Header() http.Header             { return n.header }
func (nowhere) Write(content []byte) (int, error) { return len(content), nil }
func (nowhere) WriteHeader(int)                   {}
