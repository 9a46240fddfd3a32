//go:build envtest

package webhookconfig

import (
	"slices"
	"testing"

	"k8s.io/client-go/kubernetes"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/progress-sync/progress-sync/test/apiserver"
)

// What the bound counts is compared with what the API server keeps: it shows an
// object in protobuf as it stores it, with its managed fields. If the count were
// too low, a full configuration would be refused, and no policy of its
// namespaces would take effect any more.
func TestAFullConfigurationIsTakenWhileACAIsReplaced(t *testing.T) {
	environment, err := apiserver.Start()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = environment.Stop() })
	writer, err := client.New(environment.Config, client.Options{})
	if err != nil {
		t.Fatal(err)
	}
	clients, err := kubernetes.NewForConfig(environment.Config)
	if err != nil {
		t.Fatal(err)
	}

	policies := several("campus", 100)
	for _, namespace := range []string{"academy", "college", "school", "faculty", "institute", "seminar", "kindergarten", "lyceum"} {
		policies = append(policies, several(namespace, 100)...)
	}
	replaced := withCA
	replaced.CABundle = slices.Concat(pemOf(421), withCA.CABundle)
	for name, server := range map[string]Server{"one CA": withCA, "two CAs": replaced} {
		wanted := build("progress-sync-00", policies, server, nil)
		apply, err := applicable(wanted)
		if err != nil {
			t.Fatal(err)
		}
		if err := writer.Apply(t.Context(), apply, FieldOwner, client.ForceOwnership); err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		stored, err := clients.AdmissionregistrationV1().RESTClient().Get().
			Resource("mutatingwebhookconfigurations").Name(wanted.Name).
			SetHeader("Accept", "application/vnd.kubernetes.protobuf").Do(t.Context()).Raw()
		if err != nil {
			t.Fatal(err)
		}
		counted := sizeOf(planFor(policies, server).kept, server)
		t.Logf("%s: %d entries, %d bytes stored, %d counted", name, len(wanted.Webhooks), len(stored), counted)
		if len(wanted.Webhooks) == len(policies) {
			t.Error("there was room for all: the test shows nothing")
		}
		if len(stored) > counted {
			t.Errorf("%s: %d bytes are stored, and %d were counted", name, len(stored), counted)
		}
		if name == "two CAs" && len(stored) < counted*95/100 {
			t.Errorf("%d bytes are stored, and %d were counted: there is room for more", len(stored), counted)
		}
	}
}
