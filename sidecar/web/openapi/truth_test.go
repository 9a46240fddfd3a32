package openapi_test

import (
	"fmt"
	"net/http"
	"strings"
	"testing"

	"github.com/progress-sync/progress-sync/sidecar/buffer"
	"github.com/progress-sync/progress-sync/test/kit"
)

// TestEveryAnswerIsAsTheDocumentSays sends the document's examples, and for
// each status that it names a request that deserves it.
func TestEveryAnswerIsAsTheDocumentSays(t *testing.T) {
	d := describe(t)
	stands := map[place]*stand{ready: newReady(t), away: newAway(t), full: newFull(t), closed: newClosed(t)}
	seen := map[string]bool{}
	for _, e := range append(append(d.examples(), d.guards()...), exchanges()...) {
		t.Run(e.operation+" "+e.name, func(t *testing.T) {
			s, r := stands[e.on], d.newRequest(e.operation)
			if e.change != nil {
				e.change(t, s, r)
			}
			if e.eventually {
				kit.Eventually(t, "the answer is as it will be", func() error {
					early := r.send(t, s)
					defer early.Body.Close()
					return kit.Unless(early.StatusCode == e.status, early.Status)
				})
			}
			response := r.send(t, s)
			defer response.Body.Close()
			if response.StatusCode != e.status {
				t.Errorf("status %d, want %d", response.StatusCode, e.status)
			}
			if kind := d.check(t, e.operation, response); e.kind != "" && kind != e.kind {
				t.Errorf("the problem is %q, want %q", kind, e.kind)
			}
			seen[fmt.Sprintf("%s %d", e.operation, response.StatusCode)] = true
		})
	}
	for _, key := range d.operations() {
		_, _, op := d.operation(key)
		for status := range op.Responses {
			if !seen[key+" "+status] {
				t.Errorf("no answer to %s had the status %s", key, status)
			}
		}
	}
}

// examples are the requests as the document has them.
func (d *description) examples() (list []exchange) {
	for _, key := range d.operations() {
		_, _, op := d.operation(key)
		best := op.best()
		if strings.Contains(key, "{id}") {
			continue // there is no dead letter of the example's id
		}
		if len(op.RequestBody.Content) == 0 {
			list = append(list, exchange{key, "as it is", ready, best, "", nil, false})
		}
		for _, media := range sorted(op.RequestBody.Content) {
			for _, name := range sorted(op.RequestBody.Content[media].Examples) {
				value := op.RequestBody.Content[media].Examples[name].Value
				list = append(list, exchange{key, media + " " + name, ready, best, "", func(_ *testing.T, _ *stand, r *request) {
					r.give(media, value)
				}, false})
			}
		}
	}
	return list
}

// best is the status of an answer to a request that has all that it needs.
func (o operation) best() int {
	best := 599
	for status := range o.Responses {
		var n int
		if _, err := fmt.Sscan(status, &n); err == nil {
			best = min(best, n)
		}
	}
	return best
}

// TestTheDocumentHasTheMethodsOfEveryPath asks with a method that nothing
// knows, since the refusal names those that there are.
func TestTheDocumentHasTheMethodsOfEveryPath(t *testing.T) {
	d := describe(t)
	s := newStand(t, nowhere, buffer.Policy{}, 1<<40)
	for path, methods := range d.Paths {
		r := d.newRequest(key(sorted(methods)[0], path))
		r.method = "PURGE"
		response := r.send(t, s)
		_ = response.Body.Close() // its header is enough
		documented := map[string]bool{}
		for method := range methods {
			documented[strings.ToUpper(method)] = true
			if method == "get" && !strings.HasSuffix(path, "/events") {
				documented["HEAD"] = true
			}
		}
		allowed := map[string]bool{}
		for method := range strings.SplitSeq(response.Header.Get("Allow"), ", ") {
			allowed[method] = true
		}
		if response.StatusCode != http.StatusMethodNotAllowed || fmt.Sprint(sorted(allowed)) != fmt.Sprint(sorted(documented)) {
			t.Errorf("%s: %s and allowed %v, the document has %v", path, response.Status, sorted(allowed), sorted(documented))
		}
	}
}

func TestHeadIsGetWithoutTheContent(t *testing.T) {
	d := describe(t)
	s := newStand(t, nowhere, buffer.Policy{}, 1<<40)
	for _, key := range d.operations() {
		if !strings.HasPrefix(key, "GET ") || strings.HasSuffix(key, "/events") {
			continue
		}
		r := d.newRequest(key)
		get := r.send(t, s)
		_ = get.Body.Close() // the other tests read it
		r.method = http.MethodHead
		head := r.send(t, s)
		if err := head.Body.Close(); err != nil {
			t.Error(err)
		}
		if head.StatusCode != get.StatusCode || head.Header.Get("Content-Type") != get.Header.Get("Content-Type") {
			t.Errorf("%s: %s %s, with HEAD %s %s", key, get.Status, get.Header.Get("Content-Type"),
				head.Status, head.Header.Get("Content-Type"))
		}
	}
}
