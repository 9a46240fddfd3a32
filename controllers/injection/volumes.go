package injection

import (
	"path"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/utils/ptr"

	"github.com/progress-sync/progress-sync/api/v1alpha1"
)

func addVolumes(pod *corev1.Pod, policy *v1alpha1.ProgressSyncPolicy) {
	pod.Spec.Volumes = append(pod.Spec.Volumes, volumes(policy)...)
}

// volumes of the sidecar. Configuration and credentials are optional: a pod
// whose policy or Secret is missing starts all the same (promise 5), and the
// kubelet brings them when they appear.
func volumes(policy *v1alpha1.ProgressSyncPolicy) []corev1.Volume {
	// The sidecar is not root, and no other container mounts these.
	readable := ptr.To[int32](0o444)
	secret := policy.Spec.Database.SecretRef
	out := []corev1.Volume{
		{Name: VolumeConfig, VolumeSource: corev1.VolumeSource{ConfigMap: &corev1.ConfigMapVolumeSource{
			LocalObjectReference: corev1.LocalObjectReference{Name: ConfigMapName(policy.Name)},
			Items:                []corev1.KeyToPath{{Key: ConfigKey, Path: ConfigKey}},
			DefaultMode:          readable,
			Optional:             ptr.To(true),
		}}},
		{Name: VolumeDatabase, VolumeSource: corev1.VolumeSource{Secret: &corev1.SecretVolumeSource{
			SecretName: secret.Name,
			// Only these keys: such Secrets hold more than the sidecar needs.
			Items: []corev1.KeyToPath{
				{Key: secret.Key, Path: uriFile},
				{Key: "ca.crt", Path: "ca.crt"},
				{Key: "tls.crt", Path: "tls.crt"},
				{Key: "tls.key", Path: "tls.key"},
			},
			DefaultMode: readable,
			Optional:    ptr.To(true),
		}}},
		{Name: VolumeSpool, VolumeSource: spool(policy)},
		// The API server mounts no token where something else is mounted.
		{Name: VolumeNoToken, VolumeSource: corev1.VolumeSource{Projected: &corev1.ProjectedVolumeSource{
			Sources: []corev1.VolumeProjection{}, DefaultMode: readable,
		}}},
	}
	if w := policy.Spec.Events.Webhook; w != nil {
		out = append(out, corev1.Volume{Name: VolumeWebhook, VolumeSource: corev1.VolumeSource{Secret: &corev1.SecretVolumeSource{
			SecretName: w.SecretRef.Name,
			Items: []corev1.KeyToPath{
				{Key: w.SecretRef.Key, Path: secretFile},
				{Key: w.SecretRef.PreviousKey, Path: previousFile},
				{Key: "ca.crt", Path: "ca.crt"},
			},
			DefaultMode: readable,
			Optional:    ptr.To(true),
		}}})
	}
	if x := policy.Spec.Events.XAPI; x != nil {
		out = append(out, corev1.Volume{Name: VolumeXAPI, VolumeSource: corev1.VolumeSource{Secret: &corev1.SecretVolumeSource{
			SecretName: x.SecretRef.Name,
			Items: []corev1.KeyToPath{
				{Key: x.SecretRef.UsernameKey, Path: usernameFile},
				{Key: x.SecretRef.PasswordKey, Path: passwordFile},
				{Key: x.SecretRef.AuthorizationKey, Path: authorizationFile},
				{Key: "ca.crt", Path: "ca.crt"},
			},
			DefaultMode: readable,
			Optional:    ptr.To(true),
		}}})
	}
	return out
}

// receiverMounts are where the sidecar finds the secrets of those that it sends events to.
func receiverMounts(policy *v1alpha1.ProgressSyncPolicy) []corev1.VolumeMount {
	var out []corev1.VolumeMount
	if policy.Spec.Events.Webhook != nil {
		out = append(out, corev1.VolumeMount{Name: VolumeWebhook, MountPath: webhookDir, ReadOnly: true})
	}
	if policy.Spec.Events.XAPI != nil {
		out = append(out, corev1.VolumeMount{Name: VolumeXAPI, MountPath: xapiDir, ReadOnly: true})
	}
	return out
}

// spool is a volume of the pod's own, or the claim that the policy names.
func spool(policy *v1alpha1.ProgressSyncPolicy) corev1.VolumeSource {
	if claim := policy.Spec.Buffer.ClaimName; claim != "" {
		return corev1.VolumeSource{PersistentVolumeClaim: &corev1.PersistentVolumeClaimVolumeSource{ClaimName: claim}}
	}
	return corev1.VolumeSource{EmptyDir: &corev1.EmptyDirVolumeSource{
		SizeLimit: ptr.To(policy.Spec.Buffer.SizeLimit.DeepCopy()),
	}}
}

// spoolPath is a directory for each pod. On a claim it lies in one for each
// policy: sidecars write what is left beside their own spool, and those of
// another policy would write it to another database.
func spoolPath(policy *v1alpha1.ProgressSyncPolicy) string {
	const pod = "$(POD_UID)"
	if policy.Spec.Buffer.ClaimName != "" {
		return path.Join(spoolDir, policy.Name, pod)
	}
	return path.Join(spoolDir, pod)
}

// SpoolLimit is the size of a pod's spool volume in bytes, or zero if the pod
// has none or keeps its spool on a claim, from which nothing is evicted.
func SpoolLimit(pod *corev1.Pod) int64 {
	for i := range pod.Spec.Volumes {
		volume := &pod.Spec.Volumes[i]
		if volume.Name == VolumeSpool && volume.EmptyDir != nil && volume.EmptyDir.SizeLimit != nil {
			return volume.EmptyDir.SizeLimit.Value()
		}
	}
	return 0
}
