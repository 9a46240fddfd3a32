package policy

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/utils/ptr"

	"github.com/progress-sync/progress-sync/controllers/injection"
)

// own ConfigMap of policy lms with a file.
func own(file string, changes ...func(*corev1.ConfigMap)) *corev1.ConfigMap {
	out := desired(nil, lms().Build(), file)
	for _, change := range changes {
		change(out)
	}
	return out
}

func controlledBy(change func(*metav1.OwnerReference)) func(*corev1.ConfigMap) {
	return func(c *corev1.ConfigMap) { change(&c.OwnerReferences[0]) }
}

// A ConfigMap that a person made under our name is theirs: what is in it must
// stay, whatever its labels.
func TestPlanForTheConfigMap(t *testing.T) {
	unowned := func(c *corev1.ConfigMap) { c.OwnerReferences = nil }
	unlabelled := func(c *corev1.ConfigMap) { c.Labels = map[string]string{"team": "campus"} }
	before := controlledBy(func(o *metav1.OwnerReference) { o.UID = "one-before" })
	for name, c := range map[string]struct {
		existing *corev1.ConfigMap
		want     step
	}{
		"there is none":                      {nil, create},
		"the policy's own":                   {own("new"), keep},
		"one with another file":              {own("old"), update},
		"one that lost its label":            {own("new", unlabelled), update},
		"one that is being deleted":          {own("old", func(c *corev1.ConfigMap) { c.DeletionTimestamp = ptr.To(metav1.Now()) }), await},
		"one of a policy of that name":       {own("new", before), update},
		"a person's":                         {own("new", unowned, unlabelled), refuse},
		"a person's with the label":          {own("new", unowned), refuse},
		"a person's that is being deleted":   {own("new", unowned, func(c *corev1.ConfigMap) { c.DeletionTimestamp = ptr.To(metav1.Now()) }), refuse},
		"another policy's":                   {own("new", controlledBy(func(o *metav1.OwnerReference) { o.Name = "exams" })), refuse},
		"a Deployment's of the same name":    {own("new", controlledBy(func(o *metav1.OwnerReference) { o.Kind = "Deployment" })), refuse},
		"that of a kind of another group":    {own("new", controlledBy(func(o *metav1.OwnerReference) { o.APIVersion = "example.org/v1" })), refuse},
		"one that is owned, not controlled":  {own("new", controlledBy(func(o *metav1.OwnerReference) { o.Controller = nil })), refuse},
		"one of a later version of the API":  {own("new", controlledBy(func(o *metav1.OwnerReference) { o.APIVersion = "progresssync.dev/v1" })), keep},
		"one with a version that is no such": {own("new", controlledBy(func(o *metav1.OwnerReference) { o.APIVersion = "a/b/c" })), refuse},
	} {
		if got := plan(c.existing, lms().Build(), "new"); got != c.want {
			t.Errorf("%s: step %d, want %d", name, got, c.want)
		}
	}
}

func TestTheDesiredConfigMapKeepsWhatOthersAdded(t *testing.T) {
	existing := own("old", controlledBy(func(o *metav1.OwnerReference) { o.UID = "one-before" }), func(c *corev1.ConfigMap) {
		c.Labels["team"], c.Data["notes"] = "campus", "mine"
		c.OwnerReferences = append(c.OwnerReferences, metav1.OwnerReference{Kind: "Release", Name: "lms", UID: "r"})
	})
	got := desired(existing, lms().Build(), "new")
	if got.Labels["team"] != "campus" || got.Data["notes"] != "mine" || got.Data[injection.ConfigKey] != "new" {
		t.Errorf("%+v", got)
	}
	var owners []string
	for _, o := range got.OwnerReferences {
		owners = append(owners, string(o.UID))
	}
	if diff := cmp.Diff([]string{"r", "uid-of-lms"}, owners); diff != "" || !metav1.IsControlledBy(got, lms().Build()) {
		t.Errorf("owners (-want +got):\n%s", diff)
	}
	if existing.Data[injection.ConfigKey] != "old" {
		t.Error("the cached object was changed")
	}
}

func TestTheHolderOfAConfigMapIsNamed(t *testing.T) {
	unowned := func(c *corev1.ConfigMap) { c.OwnerReferences = nil }
	for says, existing := range map[string]*corev1.ConfigMap{
		"controlled by Deployment web":                own("", controlledBy(func(o *metav1.OwnerReference) { o.Kind, o.Name = "Deployment", "web" })),
		"managed by Helm":                             own("", unowned, func(c *corev1.ConfigMap) { c.Labels[LabelManagedBy] = "Helm" }),
		"nobody owns it, and kubectl-create wrote it": own("", unowned, func(c *corev1.ConfigMap) { c.ManagedFields = []metav1.ManagedFieldsEntry{{Manager: "kubectl-create"}} }),
		"nobody owns it":                              own("", unowned),
	} {
		if got := holderOf(existing); !strings.Contains(got, says) {
			t.Errorf("%q does not say %q", got, says)
		}
	}
}
