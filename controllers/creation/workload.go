package creation

import (
	"time"

	appsv1 "k8s.io/api/apps/v1"
	batchv1 "k8s.io/api/batch/v1"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/utils/ptr"
	"sigs.k8s.io/controller-runtime/pkg/client"
)

// workload is the part of an object that creates pods which a search needs.
type workload struct {
	name    string
	owner   *metav1.OwnerReference
	deleted bool
	// labels and annotations of the pods that it creates.
	labels, annotations map[string]string
	// lacking: it has fewer pods than it wants.
	lacking bool
	// refused: its controller says in its status that it cannot create them.
	refused bool
}

func workloadOf(meta, pods *metav1.ObjectMeta) workload {
	return workload{
		name: meta.Name, owner: metav1.GetControllerOf(meta), deleted: meta.DeletionTimestamp != nil,
		labels: pods.Labels, annotations: pods.Annotations,
	}
}

// kind of workload: an object to read, and the workload of what was read.
type kind struct {
	object   func() client.Object
	workload func(client.Object) workload
}

// kinds by the name that events have.
var kinds = map[string]*kind{
	"ReplicaSet": {
		func() client.Object { return &appsv1.ReplicaSet{} },
		func(object client.Object) workload {
			o := object.(*appsv1.ReplicaSet)
			w := workloadOf(&o.ObjectMeta, &o.Spec.Template.ObjectMeta)
			w.lacking = o.Status.Replicas < ptr.Deref(o.Spec.Replicas, 1)
			for _, c := range o.Status.Conditions {
				w.refused = w.refused || c.Type == appsv1.ReplicaSetReplicaFailure && c.Status == corev1.ConditionTrue && c.Reason == reasonFailedCreate
			}
			return w
		},
	},
	"ReplicationController": {
		func() client.Object { return &corev1.ReplicationController{} },
		func(object client.Object) workload {
			o := object.(*corev1.ReplicationController)
			w := workloadOf(&o.ObjectMeta, podTemplate(o))
			w.lacking = o.Status.Replicas < ptr.Deref(o.Spec.Replicas, 1)
			for _, c := range o.Status.Conditions {
				w.refused = w.refused || c.Type == corev1.ReplicationControllerReplicaFailure && c.Status == corev1.ConditionTrue && c.Reason == reasonFailedCreate
			}
			return w
		},
	},
	"StatefulSet": {
		func() client.Object { return &appsv1.StatefulSet{} },
		func(object client.Object) workload {
			o := object.(*appsv1.StatefulSet)
			w := workloadOf(&o.ObjectMeta, &o.Spec.Template.ObjectMeta)
			w.lacking = o.Status.Replicas < ptr.Deref(o.Spec.Replicas, 1)
			return w
		},
	},
	"DaemonSet": {
		func() client.Object { return &appsv1.DaemonSet{} },
		func(object client.Object) workload {
			o := object.(*appsv1.DaemonSet)
			w := workloadOf(&o.ObjectMeta, &o.Spec.Template.ObjectMeta)
			w.lacking = o.Status.CurrentNumberScheduled < o.Status.DesiredNumberScheduled
			return w
		},
	},
	"Job": {
		func() client.Object { return &batchv1.Job{} },
		func(object client.Object) workload {
			o := object.(*batchv1.Job)
			w := workloadOf(&o.ObjectMeta, &o.Spec.Template.ObjectMeta)
			w.lacking = jobLacks(o)
			return w
		},
	},
}

// podTemplate of a ReplicationController, which may have none.
func podTemplate(o *corev1.ReplicationController) *metav1.ObjectMeta {
	if o.Spec.Template == nil {
		return &metav1.ObjectMeta{}
	}
	return &o.Spec.Template.ObjectMeta
}

// jobLacks says whether a Job that is under way has fewer pods than it wants.
func jobLacks(o *batchv1.Job) bool {
	for _, c := range o.Status.Conditions {
		if c.Status == corev1.ConditionTrue && (c.Type == batchv1.JobComplete || c.Type == batchv1.JobFailed) {
			return false
		}
	}
	if ptr.Deref(o.Spec.Suspend, false) {
		return false
	}
	wanted := ptr.Deref(o.Spec.Parallelism, 1)
	if o.Spec.Completions != nil {
		wanted = min(wanted, *o.Spec.Completions-o.Status.Succeeded)
	}
	return o.Status.Active < wanted
}

// shown is the kind and name that a person knows it by: its Deployment or
// CronJob, if it has one.
func (w workload) shown(own string) (kind, name string) {
	if w.owner != nil && (w.owner.Kind == "Deployment" || w.owner.Kind == "CronJob") {
		return w.owner.Kind, w.owner.Name
	}
	return own, w.name
}

// freshness of an event that is believed where the workload's own status does
// not say why it lacks pods. Controllers wait at most 1000 seconds between two
// tries (workqueue.DefaultTypedControllerRateLimiter).
const freshness = 20 * time.Minute

// stands says whether pods of the workload are still refused. event is when the
// refusal was seen last, newestPod when the newest pod was created, zero if there
// is none.
func (w workload) stands(event, newestPod, now time.Time) bool {
	switch {
	case w.deleted:
		return false
	case w.refused:
		return true
	default:
		// A pod that was created since shows that the trouble is over.
		return w.lacking && now.Sub(event) < freshness && !newestPod.After(event)
	}
}
