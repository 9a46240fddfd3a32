package injection

import (
	"encoding/json"
	"testing"

	"github.com/google/go-cmp/cmp"
	jsonpatch "gopkg.in/evanphx/json-patch.v4"
	corev1 "k8s.io/api/core/v1"
	"sigs.k8s.io/controller-runtime/pkg/webhook/admission"

	"github.com/progress-sync/progress-sync/test/fixture"
)

// patched pod, as the API server makes it.
func patched(t *testing.T, raw []byte, response admission.Response) []byte {
	t.Helper()
	text, err := json.Marshal(response.Patches)
	if err != nil {
		t.Fatal(err)
	}
	patch, err := jsonpatch.DecodePatch(text)
	if err != nil {
		t.Fatal(err)
	}
	out, err := patch.Apply(raw)
	if err != nil {
		t.Fatalf("%v\n%s", err, text)
	}
	return out
}

// patchedBy the patch from one pod to the other, as the API server makes it.
func patchedBy(t *testing.T, before, after *corev1.Pod) *corev1.Pod {
	t.Helper()
	raw, err := json.Marshal(before)
	if err != nil {
		t.Fatal(err)
	}
	var out corev1.Pod
	if err := json.Unmarshal(patched(t, raw, admission.Patched("", patch(before, after)...)), &out); err != nil {
		t.Fatal(err)
	}
	return &out
}

func TestThePatchMakesTheInjectedPod(t *testing.T) {
	w := newWorld(t, []*fixture.Policy{lmsPolicy()}, nil)
	for name, pod := range map[string]*fixture.Pod{
		"plain": lmsPod(),
		"busy": lmsPod().InitContainer("migrate").Annotation("a", "b").With(func(p *corev1.Pod) {
			p.Spec.Volumes = []corev1.Volume{{Name: "cache"}}
			p.Spec.Containers = append(p.Spec.Containers, corev1.Container{Name: "worker", Env: []corev1.EnvVar{{Name: "A"}}})
		}),
		"last": lmsPod().InitContainer("migrate").Annotation(AnnotationOrder, "last"),
	} {
		t.Run(name, func(t *testing.T) {
			before := raw(t, pod)
			response := w.ask("campus", "lms", before, false)
			if !response.Allowed {
				t.Fatalf("refused: %+v", response.Result)
			}
			var got corev1.Pod
			if err := json.Unmarshal(patched(t, before, response), &got); err != nil {
				t.Fatal(err)
			}
			sent := pod.Build()
			sent.Namespace = ""
			// The world has no nodes, so that nothing is known of their storage.
			want, _ := Inject(sent, lmsPolicy().Build(), options, Surroundings{})
			if diff := cmp.Diff(want, &got); diff != "" {
				t.Errorf("pod (-Inject +patched):\n%s", diff)
			}
		})
	}
	if w.count(Injected) != 3 {
		t.Errorf("counted %v", w.count(Injected))
	}
}

func TestFieldsOfANewerAPIStay(t *testing.T) {
	w := newWorld(t, []*fixture.Policy{lmsPolicy()}, nil)
	before := []byte(`{"apiVersion":"v1","kind":"Pod","metadata":{"name":"lms-0","labels":{"app":"lms"},"newMeta":1},
		"spec":{"newSpec":{"a":1},"resources":{"limits":{"memory":"1Gi"},"newLevel":2},"initContainers":[{"name":"migrate","newInit":true}],"containers":[{"name":"lms","newField":"x"}]}}`)
	var got struct {
		Metadata struct{ NewMeta int }
		Spec     struct {
			NewSpec   struct{ A int }
			Resources struct {
				NewLevel int
				Limits   map[string]string
			}
			InitContainers []struct {
				Name    string
				NewInit bool
			}
			Containers []struct{ Name, NewField string }
		}
	}
	if err := json.Unmarshal(patched(t, before, w.ask("campus", "lms", before, false)), &got); err != nil {
		t.Fatal(err)
	}
	if got.Metadata.NewMeta != 1 || got.Spec.NewSpec.A != 1 || got.Spec.Containers[0].NewField != "x" ||
		got.Spec.Resources.NewLevel != 2 || got.Spec.Resources.Limits["memory"] != "1280Mi" ||
		len(got.Spec.InitContainers) != 2 || !got.Spec.InitContainers[1].NewInit {
		t.Errorf("%+v", got)
	}
}
