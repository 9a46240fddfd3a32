package creation

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"sync"
	"time"

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	"sigs.k8s.io/controller-runtime/pkg/client"
)

// Bounds of what is read live.
const (
	// readsAtOnce bounds the reads of one search. The next search reads the other
	// workloads; until then what was read last counts.
	readsAtOnce = 8
	// Pauses before a workload is read again: without and with another event about
	// it.
	pauseWithoutEvent = 10 * time.Second
	pauseWithEvent    = 2 * time.Second
)

// Refusal of the API server to create pods of a workload.
type Refusal struct {
	// Kind and Name of the workload, or of the Deployment or CronJob that it
	// belongs to.
	Kind, Name string
	// Labels and Annotations of the pods that it would have.
	Labels, Annotations map[string]string
	// Said is how the controller puts the API server's words.
	Said string
}

// Found by a search.
type Found struct {
	Refusals []Refusal
	// Recent says that a later search may come to another result without another
	// event.
	Recent bool
}

// Finder of refusals. It may be used from several goroutines.
type Finder struct {
	// Events reads the events that a cache holds, Live workloads from the API
	// server.
	Events, Live client.Reader
	Now          func() time.Time

	mu sync.Mutex
	// known workloads, by their UID.
	known map[types.UID]reading
}

// reading of a workload.
type reading struct {
	at time.Time
	// version of the event that it was read for.
	version string
	// workload is nil if there is none any more.
	workload *workload
}

// Find returns the refusals in a namespace. pods are all those of the namespace.
// If a workload can't be read, the error comes with what else was found.
func (f *Finder) Find(ctx context.Context, namespace string, pods []corev1.Pod) (Found, error) {
	var list corev1.EventList
	if err := f.Events.List(ctx, &list, client.InNamespace(namespace), client.UnsafeDisableDeepCopy); err != nil {
		return Found{}, fmt.Errorf("listing events of namespace %s: %w", namespace, err)
	}
	newest := newestByWorkload(list.Items)
	if len(newest) == 0 {
		return Found{}, nil
	}
	err := f.read(ctx, newest)
	created := lastCreated(pods, newest)
	now := f.Now()

	var found Found
	f.mu.Lock()
	defer f.mu.Unlock()
	for _, event := range newest {
		found.Recent = found.Recent || now.Sub(event.LastTimestamp.Time) < freshness
		uid := event.InvolvedObject.UID
		w := f.known[uid].workload
		if w == nil || !w.stands(event.LastTimestamp.Time, created[uid], now) {
			continue
		}
		kind, name := w.shown(event.InvolvedObject.Kind)
		found.Refusals = append(found.Refusals, Refusal{
			Kind: kind, Name: name, Labels: w.labels, Annotations: w.annotations, Said: event.Message,
		})
	}
	return found, err
}

// newestByWorkload is the newest event about each workload, by kind and name.
func newestByWorkload(events []corev1.Event) []*corev1.Event {
	newest := map[types.UID]*corev1.Event{}
	for i := range events {
		event := &events[i]
		if !Relevant(event) {
			continue
		}
		if other := newest[event.InvolvedObject.UID]; other == nil || other.LastTimestamp.Before(&event.LastTimestamp) {
			newest[event.InvolvedObject.UID] = event
		}
	}
	out := make([]*corev1.Event, 0, len(newest))
	for _, event := range newest {
		out = append(out, event)
	}
	slices.SortFunc(out, func(a, b *corev1.Event) int {
		x, y := a.InvolvedObject, b.InvolvedObject
		return cmp.Or(cmp.Compare(x.Kind, y.Kind), cmp.Compare(x.Name, y.Name), cmp.Compare(x.UID, y.UID))
	})
	return out
}

// lastCreated is when the newest pod of each of the events' workloads was
// created.
func lastCreated(pods []corev1.Pod, events []*corev1.Event) map[types.UID]time.Time {
	out := make(map[types.UID]time.Time, len(events))
	for _, event := range events {
		out[event.InvolvedObject.UID] = time.Time{}
	}
	for i := range pods {
		owner := metav1.GetControllerOfNoCopy(&pods[i])
		if owner == nil {
			continue
		}
		if at, wanted := out[owner.UID]; wanted && pods[i].CreationTimestamp.After(at) {
			out[owner.UID] = pods[i].CreationTimestamp.Time
		}
	}
	return out
}

// read those workloads that may have changed, the one that was read longest ago
// first.
func (f *Finder) read(ctx context.Context, events []*corev1.Event) error {
	var failed error
	for _, event := range f.due(events) {
		w, err := readWorkload(ctx, f.Live, event)
		if err != nil && failed == nil {
			failed = err
		}
		f.mu.Lock()
		if err != nil {
			// It stays as it was, and has to wait for its next turn all the same.
			w = f.known[event.InvolvedObject.UID].workload
		}
		f.known[event.InvolvedObject.UID] = reading{at: f.Now(), version: event.ResourceVersion, workload: w}
		f.mu.Unlock()
	}
	return failed
}

func (f *Finder) due(events []*corev1.Event) []*corev1.Event {
	f.mu.Lock()
	defer f.mu.Unlock()
	now := f.Now()
	for uid, r := range f.known {
		// Events are kept for an hour, if the API server was not told otherwise.
		if now.Sub(r.at) > time.Hour {
			delete(f.known, uid)
		}
	}
	if f.known == nil {
		f.known = map[types.UID]reading{}
	}
	var out []*corev1.Event
	for _, event := range events {
		r, ok := f.known[event.InvolvedObject.UID]
		pause := pauseWithoutEvent
		if r.version != event.ResourceVersion {
			pause = pauseWithEvent
		}
		if !ok || now.Sub(r.at) >= pause {
			out = append(out, event)
		}
	}
	slices.SortStableFunc(out, func(a, b *corev1.Event) int {
		return f.known[a.InvolvedObject.UID].at.Compare(f.known[b.InvolvedObject.UID].at)
	})
	return out[:min(len(out), readsAtOnce)]
}

// readWorkload reads the workload that an event is about; nil if it is gone.
func readWorkload(ctx context.Context, live client.Reader, event *corev1.Event) (*workload, error) {
	about := event.InvolvedObject
	k := kinds[about.Kind]
	object := k.object()
	err := live.Get(ctx, client.ObjectKey{Namespace: event.Namespace, Name: about.Name}, object)
	switch {
	case apierrors.IsNotFound(err):
		return nil, nil
	case err != nil:
		return nil, fmt.Errorf("reading %s %s/%s: %w", about.Kind, event.Namespace, about.Name, err)
	case object.GetUID() != about.UID:
		return nil, nil
	}
	w := k.workload(object)
	return &w, nil
}
