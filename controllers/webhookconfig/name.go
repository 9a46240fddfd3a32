package webhookconfig

import (
	"fmt"
	"hash/fnv"
	"strings"

	"k8s.io/apimachinery/pkg/labels"
	"k8s.io/apimachinery/pkg/types"

	"github.com/progress-sync/progress-sync/api/v1alpha1"
)

// count of the configurations. It is in the RBAC rules, which name each, and in
// which of them a namespace's policies are found; so it does not change.
const count = 16

// legacyName of the one configuration that held every policy, up to 0.1.
const legacyName = "progress-sync"

// Names of the configurations.
func Names() []string {
	names := make([]string, count)
	for i := range names {
		names[i] = nameOf(uint32(i))
	}
	return names
}

// NameFor the configuration that has the policies of a namespace.
func NameFor(namespace string) string {
	hash := fnv.New32a()
	_, _ = hash.Write([]byte(namespace))
	return nameOf(hash.Sum32() % count)
}

func nameOf(number uint32) string { return fmt.Sprintf("progress-sync-%02d", number) }

// ownLabels of the configurations, by which the cache finds them.
func ownLabels() map[string]string {
	return map[string]string{
		"app.kubernetes.io/name":       "progress-sync",
		"app.kubernetes.io/managed-by": "progress-sync",
	}
}

// Selector of the configurations.
func Selector() labels.Selector { return labels.SelectorFromSet(ownLabels()) }

// entrySuffix of the names of the operator's own entries.
const entrySuffix = ".pods.progresssync.dev"

// EntryName of a policy. A namespace has no dots, so no two are the same.
func EntryName(policy *v1alpha1.ProgressSyncPolicy) string {
	return policy.Name + "." + policy.Namespace + entrySuffix
}

// policyOf an entry, by its name; false where the entry is not the operator's.
func policyOf(entry string) (types.NamespacedName, bool) {
	rest, own := strings.CutSuffix(entry, entrySuffix)
	dot := strings.LastIndexByte(rest, '.')
	if !own || dot < 1 {
		return types.NamespacedName{}, false
	}
	return types.NamespacedName{Namespace: rest[dot+1:], Name: rest[:dot]}, true
}
