package policy

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/utils/ptr"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/progress-sync/progress-sync/api/v1alpha1"
	"github.com/progress-sync/progress-sync/controllers/configuration"
	"github.com/progress-sync/progress-sync/controllers/injection"
)

// fieldOwner of what the operator writes.
const fieldOwner = client.FieldOwner("progress-sync")

// Labels of the operator's ConfigMaps, by which its cache finds them.
const (
	LabelManagedBy = "app.kubernetes.io/managed-by"
	ManagedBy      = "progress-sync"
)

// written is what became of a policy's ConfigMap.
type written struct {
	name string
	// holder says whose ConfigMap has the name, empty if it is the policy's.
	holder string
	// err is why it could not be written.
	err error
	// immutable and deleting are what it is, where err is set.
	immutable, deleting bool
}

// step to take with a policy's ConfigMap.
type step int

const (
	// keep what is there.
	keep step = iota
	// create one.
	create
	// update the one that is there.
	update
	// refuse to touch somebody else's.
	refuse
	// await the end of one that is being deleted.
	await
)

// plan for the ConfigMap that is there, nil if there is none. Only one that a
// policy of this name controls is written: this policy, or one before it, whose
// ConfigMap the garbage collection has not removed yet.
func plan(existing *corev1.ConfigMap, policy *v1alpha1.ProgressSyncPolicy, file string) step {
	switch {
	case existing == nil:
		return create
	case !ours(existing, policy):
		return refuse
	case existing.DeletionTimestamp != nil:
		return await
	case existing.Data[injection.ConfigKey] == file && existing.Labels[LabelManagedBy] == ManagedBy && metav1.IsControlledBy(existing, policy):
		return keep
	default:
		return update
	}
}

// ours says whether the policy, or one of its name, controls the ConfigMap.
func ours(existing *corev1.ConfigMap, policy *v1alpha1.ProgressSyncPolicy) bool {
	controller := metav1.GetControllerOfNoCopy(existing)
	if controller == nil || controller.Kind != v1alpha1.Kind || controller.Name != policy.Name {
		return false
	}
	version, err := schema.ParseGroupVersion(controller.APIVersion)
	return err == nil && version.Group == v1alpha1.GroupVersion.Group
}

// desired is the ConfigMap with the file, owned by the policy so that it goes
// with it. What others have added to the one that is there stays.
func desired(existing *corev1.ConfigMap, policy *v1alpha1.ProgressSyncPolicy, file string) *corev1.ConfigMap {
	out := &corev1.ConfigMap{ObjectMeta: metav1.ObjectMeta{
		Namespace: policy.Namespace, Name: injection.ConfigMapName(policy.Name),
	}}
	if existing != nil {
		out = existing.DeepCopy()
	}
	out.Labels = with(out.Labels, map[string]string{LabelManagedBy: ManagedBy, "app.kubernetes.io/name": "progress-sync"})
	out.Data = with(out.Data, map[string]string{injection.ConfigKey: file})
	out.OwnerReferences = slices.DeleteFunc(out.OwnerReferences, func(o metav1.OwnerReference) bool {
		return o.UID == policy.UID || ptr.Deref(o.Controller, false)
	})
	out.OwnerReferences = append(out.OwnerReferences, metav1.OwnerReference{
		APIVersion: v1alpha1.GroupVersion.String(), Kind: v1alpha1.Kind, Name: policy.Name, UID: policy.UID, Controller: ptr.To(true),
	})
	return out
}

func with(all, more map[string]string) map[string]string {
	if all == nil {
		all = map[string]string{}
	}
	maps.Copy(all, more)
	return all
}

// holderOf a ConfigMap, in words: who controls it, else who says to manage it,
// else who wrote it first.
func holderOf(existing *corev1.ConfigMap) string {
	if controller := metav1.GetControllerOfNoCopy(existing); controller != nil {
		return "it is controlled by " + controller.Kind + " " + controller.Name
	}
	if by := existing.Labels[LabelManagedBy]; by != "" && by != ManagedBy {
		return "it is managed by " + by
	}
	if len(existing.ManagedFields) > 0 && existing.ManagedFields[0].Manager != "" {
		return "nobody owns it, and " + existing.ManagedFields[0].Manager + " wrote it"
	}
	return "nobody owns it"
}

// writeConfigMap that the sidecars read, where it differs. What comes of it is
// one more fact: the status has to tell it.
func (r *Reconciler) writeConfigMap(ctx context.Context, f *facts) written {
	name := injection.ConfigMapName(f.policy.Name)
	if f.namespaceRefused {
		return written{name: name}
	}
	file, err := configuration.File(configuration.Of(f.policy, f.pods.spoolLimit))
	if err != nil {
		return written{name: name, err: err}
	}
	out := r.writeFile(ctx, f.policy, file, name, r.Client, r.Live)
	if apierrors.IsAlreadyExists(out.err) || apierrors.IsConflict(out.err) || apierrors.IsNotFound(out.err) {
		// The cache was behind what is there. The policy is not ready before its
		// file is in place, so this pass finds out.
		out = r.writeFile(ctx, f.policy, file, name, r.Live)
	}
	return out
}

// writeFile into the ConfigMap that the first of the readers finds.
func (r *Reconciler) writeFile(ctx context.Context, policy *v1alpha1.ProgressSyncPolicy, file, name string, readers ...client.Reader) written {
	out := written{name: name}
	existing, err := configMap(ctx, client.ObjectKey{Namespace: policy.Namespace, Name: name}, readers)
	if err != nil {
		out.err = err
		return out
	}
	switch plan(existing, policy, file) {
	case keep:
	case create:
		// Create, which never overwrites one that was made meanwhile.
		out.err = r.Client.Create(ctx, desired(nil, policy, file), fieldOwner)
	case update:
		out.immutable = ptr.Deref(existing.Immutable, false)
		// With the lock, nothing is overwritten that was not compared.
		patch := client.MergeFromWithOptions(existing, client.MergeFromWithOptimisticLock{})
		out.err = r.Client.Patch(ctx, desired(existing, policy, file), patch, fieldOwner)
	case refuse:
		out.holder = holderOf(existing)
	case await:
		out.deleting, out.err = true, errors.New("it is being deleted")
	}
	return out
}

// configMap of the name, nil if no reader finds one. The cache holds only those
// with the operator's label; somebody else's is found by asking.
func configMap(ctx context.Context, key client.ObjectKey, readers []client.Reader) (*corev1.ConfigMap, error) {
	for _, reader := range readers {
		var existing corev1.ConfigMap
		err := reader.Get(ctx, key, &existing)
		if err == nil {
			return &existing, nil
		}
		if !apierrors.IsNotFound(err) {
			return nil, fmt.Errorf("reading it: %w", err)
		}
	}
	return nil, nil
}
