package creation

import (
	"time"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/fields"
)

// reasonFailedCreate is what the controllers of Kubernetes say when they cannot
// create a pod.
const reasonFailedCreate = "FailedCreate"

// maxMessage of an event that is kept, in bytes.
const maxMessage = 1024

// Events that the cache has to hold.
func Events() fields.Selector { return fields.OneTermEqualSelector("reason", reasonFailedCreate) }

// StripEvent leaves of an event what a search needs. It is a cache transform.
func StripEvent(object any) (any, error) {
	event, ok := object.(*corev1.Event)
	if !ok {
		return object, nil
	}
	message := event.Message
	if len(message) > maxMessage {
		message = message[:maxMessage]
	}
	return &corev1.Event{
		TypeMeta: event.TypeMeta,
		ObjectMeta: metav1.ObjectMeta{
			Namespace: event.Namespace, Name: event.Name, UID: event.UID, ResourceVersion: event.ResourceVersion,
		},
		InvolvedObject: corev1.ObjectReference{
			Kind: event.InvolvedObject.Kind, Namespace: event.InvolvedObject.Namespace,
			Name: event.InvolvedObject.Name, UID: event.InvolvedObject.UID,
		},
		Reason: event.Reason, Message: message, LastTimestamp: metav1.NewTime(happened(event)),
	}, nil
}

// happened is when the event last did. Which of its times is set depends on who
// wrote it, and with which API.
func happened(event *corev1.Event) time.Time {
	last := event.LastTimestamp.Time
	for _, t := range []time.Time{event.FirstTimestamp.Time, event.EventTime.Time, series(event)} {
		if t.After(last) {
			last = t
		}
	}
	return last
}

func series(event *corev1.Event) time.Time {
	if event.Series == nil {
		return time.Time{}
	}
	return event.Series.LastObservedTime.Time
}

// Relevant says whether the event is about a kind of workload that is read.
func Relevant(event *corev1.Event) bool {
	return event.Reason == reasonFailedCreate && kinds[event.InvolvedObject.Kind] != nil
}
