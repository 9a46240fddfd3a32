package injection

import (
	"fmt"
	"net"
	"strconv"
	"time"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/util/intstr"
	"k8s.io/utils/ptr"

	"github.com/progress-sync/progress-sync/api/v1alpha1"
)

// userID that the sidecar runs as, whatever the pod says.
const userID = 65532

// listenAddress of the write API. It is loopback and nothing else: promise 6.
func listenAddress(policy *v1alpha1.ProgressSyncPolicy) string {
	return net.JoinHostPort("127.0.0.1", strconv.Itoa(int(policy.Spec.Injection.Port)))
}

// sidecar builds the container: a native sidecar, so that it starts before the
// app, ends after it, and lets Jobs finish.
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
			fmt.Sprintf("--status-listen=:%d", StatusPort),
			"--termination-log=" + corev1.TerminationMessagePathDefault,
			"--grace-period=" + (time.Duration(gracePeriodSeconds) * time.Second).String(),
		},
		Env:           append([]corev1.EnvVar{ofPod("POD_UID", "metadata.uid")}, tracing(policy.Spec.Injection.TracesEndpoint)...),
		RestartPolicy: ptr.To(corev1.ContainerRestartPolicyAlways),
		Ports: []corev1.ContainerPort{
			{Name: "psync-status", ContainerPort: StatusPort, Protocol: corev1.ProtocolTCP},
		},
		Resources:       resources(policy.Spec.Injection.Resources),
		SecurityContext: securityContext(),
		VolumeMounts: []corev1.VolumeMount{
			{Name: VolumeConfig, MountPath: configDir, ReadOnly: true},
			{Name: VolumeDatabase, MountPath: databaseDir, ReadOnly: true},
			{Name: VolumeSpool, MountPath: spoolDir},
		},
		// The app waits for this one: a minute is for replaying a full spool.
		StartupProbe:  probe(1, 60),
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

func probe(periodSeconds, failureThreshold int32) *corev1.Probe {
	return &corev1.Probe{
		ProbeHandler: corev1.ProbeHandler{HTTPGet: &corev1.HTTPGetAction{
			Path: "/healthz", Port: intstr.FromInt32(StatusPort), Scheme: corev1.URISchemeHTTP,
		}},
		TimeoutSeconds:   5,
		PeriodSeconds:    periodSeconds,
		SuccessThreshold: 1,
		FailureThreshold: failureThreshold,
	}
}

// securityContext states every field of the restricted profile, so that the
// sidecar passes it whatever the pod's own context is.
func securityContext() *corev1.SecurityContext {
	return &corev1.SecurityContext{
		RunAsNonRoot:             ptr.To(true),
		RunAsUser:                ptr.To[int64](userID),
		RunAsGroup:               ptr.To[int64](userID),
		Privileged:               ptr.To(false),
		AllowPrivilegeEscalation: ptr.To(false),
		ReadOnlyRootFilesystem:   ptr.To(true),
		Capabilities:             &corev1.Capabilities{Drop: []corev1.Capability{"ALL"}},
		SeccompProfile:           &corev1.SeccompProfile{Type: corev1.SeccompProfileTypeRuntimeDefault},
	}
}
