package injection

import (
	"testing"

	"github.com/google/go-cmp/cmp"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/utils/ptr"
)

func fromConfigMap(name, prefix string) corev1.EnvFromSource {
	return corev1.EnvFromSource{Prefix: prefix, ConfigMapRef: &corev1.ConfigMapEnvSource{
		LocalObjectReference: corev1.LocalObjectReference{Name: name}, Optional: ptr.To(true),
	}}
}

func fromSecret(name string) corev1.EnvFromSource {
	return corev1.EnvFromSource{SecretRef: &corev1.SecretEnvSource{LocalObjectReference: corev1.LocalObjectReference{Name: name}}}
}

func TestAContainerFindsItsSidecarUnlessItSaysSoItself(t *testing.T) {
	configMaps := map[string]map[string]string{
		"names":  {URLVariable: "http://127.0.0.1:18787"},
		"suffix": {"SYNC_URL": "http://127.0.0.1:18787"},
		"other":  {"LANG": "C"},
	}
	const ours = "http://127.0.0.1:8787"
	for name, c := range map[string]struct {
		container corev1.Container
		want      string
		reads     []string
	}{
		"one that says nothing":                     {corev1.Container{}, ours, nil},
		"one that says so":                          {corev1.Container{Env: []corev1.EnvVar{{Name: URLVariable, Value: "x"}}}, "x", nil},
		"one that says so is not looked at again":   {corev1.Container{Env: []corev1.EnvVar{{Name: URLVariable, Value: "x"}}, EnvFrom: []corev1.EnvFromSource{fromConfigMap("names", "")}}, "x", nil},
		"one whose ConfigMap says so":               {corev1.Container{EnvFrom: []corev1.EnvFromSource{fromConfigMap("names", "")}}, "", []string{"names"}},
		"one whose ConfigMap says so with a prefix": {corev1.Container{EnvFrom: []corev1.EnvFromSource{fromConfigMap("suffix", "PROGRESS_")}}, "", []string{"suffix"}},
		"one whose ConfigMap would need a prefix":   {corev1.Container{EnvFrom: []corev1.EnvFromSource{fromConfigMap("suffix", "")}}, ours, []string{"suffix"}},
		"one whose prefix makes another name":       {corev1.Container{EnvFrom: []corev1.EnvFromSource{fromConfigMap("names", "LMS_")}}, ours, nil},
		"one whose ConfigMap says other things":     {corev1.Container{EnvFrom: []corev1.EnvFromSource{fromConfigMap("other", "")}}, ours, []string{"other"}},
		"one whose ConfigMap is not there":          {corev1.Container{EnvFrom: []corev1.EnvFromSource{fromConfigMap("later", "")}}, ours, []string{"later"}},
		"one with a Secret, which nobody reads":     {corev1.Container{EnvFrom: []corev1.EnvFromSource{fromSecret("names")}}, ours, nil},
		"one with both":                             {corev1.Container{EnvFrom: []corev1.EnvFromSource{fromSecret("s"), fromConfigMap("names", "")}}, "", []string{"names"}},
	} {
		t.Run(name, func(t *testing.T) {
			c.container.Name = "c"
			for kind, add := range map[string]func(*corev1.Pod){
				"app":            func(p *corev1.Pod) { p.Spec.Containers = append(p.Spec.Containers, c.container) },
				"init container": func(p *corev1.Pod) { p.Spec.InitContainers = append(p.Spec.InitContainers, c.container) },
				"native sidecar": func(p *corev1.Pod) {
					native := *c.container.DeepCopy()
					native.RestartPolicy = ptr.To(corev1.ContainerRestartPolicyAlways)
					p.Spec.InitContainers = append(p.Spec.InitContainers, native)
				},
			} {
				before := lmsPod().With(add).Build()
				if diff := cmp.Diff(c.reads, EnvironmentConfigMaps(before)); diff != "" {
					t.Errorf("%s: ConfigMaps to read (-want +got):\n%s", kind, diff)
				}
				after, _ := Inject(before, lmsPolicy().Build(), options, Surroundings{StorageCounted: true, ConfigMaps: configMaps})
				for _, container := range append(after.Spec.InitContainers, after.Spec.Containers...) {
					if got := urlIn(container); container.Name == "c" && got != c.want {
						t.Errorf("%s: %q, want %q", kind, got, c.want)
					} else if container.Name == ContainerName && got != "" {
						t.Errorf("the sidecar is told of itself")
					}
				}
				if diff := cmp.Diff(after, patchedBy(t, before, after)); diff != "" {
					t.Errorf("%s: patch (-injected +patched):\n%s", kind, diff)
				}
			}
		})
	}
}

func urlIn(container corev1.Container) string {
	for _, variable := range container.Env {
		if variable.Name == URLVariable {
			return variable.Value
		}
	}
	return ""
}
