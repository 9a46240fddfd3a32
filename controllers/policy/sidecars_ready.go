package policy

import (
	"fmt"
	"strings"

	corev1 "k8s.io/api/core/v1"

	"github.com/progress-sync/progress-sync/api/v1alpha1"
	"github.com/progress-sync/progress-sync/controllers/injection"
)

// sidecarsVerdict: whether they run, and have understood what they are told.
func sidecarsVerdict(f *facts) verdict {
	return decide(f,
		sidecarsFailing,      // one that does not run is one too many
		configurationRefused, // runs something else
		settingsUnknown,      // runs a part of it
		noneInjected,         // nothing runs
		sidecarsStarting,     // a start takes a moment
		allRunning,
	)
}

func sidecarsFailing(f *facts) *verdict {
	if len(f.pods.faults) == 0 {
		return nil
	}
	worst := f.pods.faults[0]
	return isFalse(worst.reason, "%d of %d sidecars do not run, such as that of pod %s: %s; %s",
		worst.pods, f.pods.injected, worst.pod.Name, quote(worst.said), remedy(worst.reason, worst.pod, f.policy))
}

// remedy for sidecars that do not run.
func remedy(reason string, pod *corev1.Pod, policy *v1alpha1.ProgressSyncPolicy) string {
	restart := "; then " + restartPod(pod)
	switch reason {
	case v1alpha1.ReasonImageUnavailable:
		image := "the operator's sidecar image (its flag --sidecar-image)"
		if policy.Spec.Injection.Image != "" {
			image = "injection.image"
		}
		return "correct " + image + ", or let the pods pull it with injection.imagePullSecrets" + restart
	case v1alpha1.ReasonOutOfMemory:
		return "raise injection.resources.limits.memory" + restart
	case v1alpha1.ReasonContainerRefused:
		return "correct what is named, in injection or in the pod's own settings" + restart
	case v1alpha1.ReasonVolumeMissing:
		return fmt.Sprintf("create claim %s in namespace %s, and the pod starts; or correct buffer.claimName%s", injection.SpoolClaim(pod), pod.Namespace, restart)
	default:
		return fmt.Sprintf("its log says why: kubectl -n %s logs %s -c %s --previous", pod.Namespace, pod.Name, injection.ContainerName)
	}
}

func configurationRefused(f *facts) *verdict {
	if f.sidecars.Misconfigured == 0 {
		return nil
	}
	return isFalse(v1alpha1.ReasonConfigurationRefused,
		"%s not take the configuration and go on with the one before it, or with the defaults if they have had none; their logs say what is wrong with it; where they are older than the operator, %srestart the pods%s",
		plural(int32(f.sidecars.Misconfigured), "sidecar does", "sidecars do"), newerImage(f), restartExample(f))
}

func settingsUnknown(f *facts) *verdict {
	unknown := f.sidecars.Settings
	if unknown.Sidecars == 0 {
		return nil
	}
	names := "some settings"
	if len(unknown.Names) > 0 {
		names = strings.Join(unknown.Names, ", ")
	}
	return isFalse(v1alpha1.ReasonSettingsUnknown, "%s not know %s, and so not obey: they are older than the operator; %srestart the pods%s",
		plural(int32(unknown.Sidecars), "sidecar does", "sidecars do"), names, newerImage(f), restartExample(f))
}

// newerImage is what has to be done first where the policy holds its pods to an image:
// a restart alone brings the same one.
func newerImage(f *facts) string {
	if f.policy.Spec.Injection.Image == "" {
		return ""
	}
	return "set injection.image to that of the operator's version, or leave it out; "
}

// restartExample is the command for one of the injected pods, if there is one.
func restartExample(f *facts) string {
	if f.pods.sample == nil {
		return ""
	}
	return ": " + restartCommand(f.pods.sample)
}

func noneInjected(f *facts) *verdict {
	if f.pods.injected > 0 {
		return nil
	}
	return isUnknown(v1alpha1.ReasonNoSidecars, "no pod has a sidecar yet")
}

func sidecarsStarting(f *facts) *verdict {
	n := f.pods.injected - f.pods.ready - f.pods.failing
	if n <= 0 {
		return nil
	}
	starting := plural(n, "sidecar has", "sidecars have")
	if f.pods.late == nil {
		return isUnknown(v1alpha1.ReasonStarting, "%s not started yet", starting)
	}
	return isUnknown(v1alpha1.ReasonStarting,
		"%s not started yet; that of pod %s for more than %s: %s; kubectl -n %s describe pod %s shows what it waits for",
		starting, f.pods.late.Name, startPatience, quote(waitsFor(f.pods.late)), f.policy.Namespace, f.pods.late.Name)
}

func allRunning(f *facts) *verdict {
	return isTrue(v1alpha1.ReasonAllRunning, "%s", plural(f.pods.injected, "sidecar runs", "sidecars run"))
}
