package injection

import (
	"net"
	"strconv"
	"time"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/utils/ptr"

	"github.com/progress-sync/progress-sync/api/v1alpha1"
	"github.com/progress-sync/progress-sync/controllers/configuration"
	"github.com/progress-sync/progress-sync/sidecar/config"
)

// listenAddress of the write API. It is loopback and nothing else: promise 6.
func listenAddress(policy *v1alpha1.ProgressSyncPolicy) string {
	return net.JoinHostPort("127.0.0.1", strconv.Itoa(int(policy.Spec.Injection.Port)))
}

// statusListen is the address of StatusPort, as run and probe are told it.
func statusListen() string { return ":" + strconv.Itoa(StatusPort) }

// sidecar builds the container as policy and options say it: a native sidecar, so
// that it starts before the app, ends after it, and lets Jobs finish. What pod
// and namespace add comes later.
func sidecar(policy *v1alpha1.ProgressSyncPolicy, options Options, gracePeriodSeconds int64) corev1.Container {
	listen := listenAddress(policy)
	return corev1.Container{
		Name:            ContainerName,
		Image:           image(policy, options),
		ImagePullPolicy: options.ImagePullPolicy,
		Command:         []string{"/sidecar"},
		Args: []string{
			"run",
			"--config=" + configDir + "/" + ConfigKey,
			"--database-uri-file=" + databaseDir + "/" + uriFile,
			"--spool=" + spoolPath(policy),
			"--listen=" + listen,
			"--status-listen=" + statusListen(),
			"--termination-log=" + corev1.TerminationMessagePathDefault,
			"--grace-period=" + (time.Duration(gracePeriodSeconds) * time.Second).String(),
		},
		Env:           append([]corev1.EnvVar{ofPod("POD_UID", "metadata.uid")}, tracing(policy.Spec.Injection.TracesEndpoint)...),
		RestartPolicy: ptr.To(corev1.ContainerRestartPolicyAlways),
		Ports: []corev1.ContainerPort{
			{Name: "psync-status", ContainerPort: StatusPort, Protocol: corev1.ProtocolTCP},
		},
		Resources:       resources(policy),
		SecurityContext: securityContext(),
		VolumeMounts: append([]corev1.VolumeMount{
			{Name: VolumeConfig, MountPath: configDir, ReadOnly: true},
			{Name: VolumeDatabase, MountPath: databaseDir, ReadOnly: true},
			{Name: VolumeSpool, MountPath: spoolDir},
			{Name: VolumeNoToken, MountPath: tokenDir, ReadOnly: true},
		}, receiverMounts(policy)...),
		// The app waits for this one: five minutes are for replaying a full spool on
		// a slow claim. A container that was restarted is not ready, and its pod
		// neither, until it has started; the kubelet asks no oftener than each second.
		StartupProbe:  probe(1, 300),
		LivenessProbe: probe(10, 6),
		// No readiness probe: it would take the whole pod out (promise 5).
		Lifecycle: &corev1.Lifecycle{PreStop: &corev1.LifecycleHandler{
			Exec: &corev1.ExecAction{Command: []string{"/sidecar", "prestop", "--listen=" + listen}},
		}},
	}
}

// tracing is what OpenTelemetry asks for in a container that sends traces.
func tracing(endpoint string) []corev1.EnvVar {
	if endpoint == "" {
		return nil
	}
	return []corev1.EnvVar{
		ofPod("POD_NAME", "metadata.name"),
		ofPod("POD_NAMESPACE", "metadata.namespace"),
		{Name: "OTEL_EXPORTER_OTLP_ENDPOINT", Value: endpoint},
		{
			Name:  "OTEL_RESOURCE_ATTRIBUTES",
			Value: "k8s.namespace.name=$(POD_NAMESPACE),k8s.pod.name=$(POD_NAME),k8s.pod.uid=$(POD_UID)",
		},
	}
}

// peers is where the sidecar listens for others; nothing in a pod that uses the
// port itself, or for a policy without one, which an API server with an older
// definition has. It does not depend on the mode, which reaches running sidecars.
// Variables, unlike flags, do not keep an older sidecar of injection.image from
// starting.
func peers(pod *corev1.Pod, policy *v1alpha1.ProgressSyncPolicy) []corev1.EnvVar {
	port := policy.Spec.Peers.Port
	if port == 0 || listener(pod, port) != "" {
		return nil
	}
	return []corev1.EnvVar{
		ofPod(config.PodIPVariable, "status.podIP"),
		{Name: config.PeersPortVariable, Value: strconv.Itoa(int(port))},
	}
}

// settings that the pod is created with. They are not part of the template: a
// change of them reaches running pods through the ConfigMap.
func settings(policy *v1alpha1.ProgressSyncPolicy) []corev1.EnvVar {
	// Every field of a configuration has a form in JSON, so there is no error to handle.
	text, _ := configuration.Variable(configuration.Of(policy, 0))
	return []corev1.EnvVar{{Name: ConfigVariable, Value: text}}
}

func ofPod(name, path string) corev1.EnvVar {
	return corev1.EnvVar{
		Name:      name,
		ValueFrom: &corev1.EnvVarSource{FieldRef: &corev1.ObjectFieldSelector{APIVersion: "v1", FieldPath: path}},
	}
}

func image(policy *v1alpha1.ProgressSyncPolicy, options Options) string {
	if policy.Spec.Injection.Image != "" {
		return policy.Spec.Injection.Image
	}
	return options.Image
}

// probe runs in the container, as a mesh with strict mutual TLS lets nothing else
// reach the status port. Ten seconds are for starting a process on a busy node.
func probe(periodSeconds, failureThreshold int32) *corev1.Probe {
	return &corev1.Probe{
		ProbeHandler: corev1.ProbeHandler{Exec: &corev1.ExecAction{
			Command: []string{"/sidecar", "probe", "--status-listen=" + statusListen()},
		}},
		TimeoutSeconds:   10,
		PeriodSeconds:    periodSeconds,
		SuccessThreshold: 1,
		FailureThreshold: failureThreshold,
	}
}
