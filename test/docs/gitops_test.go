package docs

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/cel-go/cel"
	lua "github.com/yuin/gopher-lua"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"sigs.k8s.io/yaml"
)

// expectations of the recorded policies: Argo CD's health, and that of kstatus,
// which Flux takes over. Unknown is an expression that fails.
func expectations() map[string]struct{ argo, flux, says string } {
	return map[string]struct{ argo, flux, says string }{
		"ready":            {"Healthy", "Current", "2 of 2 pods"},
		"webhook-pending":  {"Progressing", "InProgress", "does not call the operator"},
		"stalled":          {"Degraded", "Failed", "managed by Helm"},
		"outage":           {"Healthy", "Current", "DatabaseUnreachable: "},
		"sidecar-failing":  {"Progressing", "InProgress", "limits.memory"},
		"no-status":        {"Progressing", "Unknown", "not looked at"},
		"generation-ahead": {"Progressing", "InProgress", "not looked at"},
	}
}

// recordedPolicies are those that controllers/policy records, by name.
func recordedPolicies(t *testing.T) map[string]*unstructured.Unstructured {
	t.Helper()
	files, err := filepath.Glob("testdata/policies/*.yaml")
	if err != nil {
		t.Fatal(err)
	}
	out := map[string]*unstructured.Unstructured{}
	for _, file := range files {
		text, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		var policy unstructured.Unstructured
		if err := yaml.Unmarshal(text, &policy); err != nil {
			t.Fatal(err)
		}
		out[strings.TrimSuffix(filepath.Base(file), ".yaml")] = &policy
	}
	if len(out) != len(expectations()) {
		t.Fatalf("%d policies are recorded", len(out))
	}
	return out
}

// block of docs/gitops.md that holds a text.
func block(t *testing.T, holds string, into any) {
	t.Helper()
	for _, text := range blocks(read(t, "docs/gitops.md"), "yaml") {
		if strings.Contains(text, holds) {
			if err := yaml.Unmarshal([]byte(text), into); err != nil {
				t.Fatal(err)
			}
			return
		}
	}
	t.Fatalf("no block holds %s", holds)
}

// A script that calls an outage degraded stops rollouts; one that calls a policy
// healthy too soon lets pods start without a sidecar.
func TestTheScriptForArgoCDSaysWhatItShould(t *testing.T) {
	const key = "resource.customizations.health.progresssync.dev_ProgressSyncPolicy"
	var config struct {
		Data map[string]string `json:"data"`
	}
	block(t, key, &config)
	for name, policy := range recordedPolicies(t) {
		want := expectations()[name]
		// As Argo CD runs it: the object is obj, and the script returns its health.
		state := lua.NewState(lua.Options{SkipOpenLibs: true})
		defer state.Close()
		if err := state.CallByParam(lua.P{Fn: state.NewFunction(lua.OpenBase), Protect: true}); err != nil {
			t.Fatal(err)
		}
		state.SetGlobal("obj", luaValue(state, policy.Object))
		if err := state.DoString(config.Data[key]); err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		health, ok := state.Get(-1).(*lua.LTable)
		if !ok {
			t.Errorf("%s: the script returns %s", name, state.Get(-1))
			continue
		}
		status, message := health.RawGetString("status").String(), health.RawGetString("message").String()
		if status != want.argo || !strings.Contains(message, want.says) {
			t.Errorf("%s: %s, %q; want %s and %q", name, status, message, want.argo, want.says)
		}
	}
}

func luaValue(state *lua.LState, value any) lua.LValue {
	switch v := value.(type) {
	case map[string]any:
		table := state.NewTable()
		for key, element := range v {
			table.RawSetString(key, luaValue(state, element))
		}
		return table
	case []any:
		table := state.NewTable()
		for _, element := range v {
			table.Append(luaValue(state, element))
		}
		return table
	case string:
		return lua.LString(v)
	case bool:
		return lua.LBool(v)
	case int64:
		return lua.LNumber(v)
	case float64:
		return lua.LNumber(v)
	default:
		return lua.LNil
	}
}

func TestTheExpressionsForFluxSayWhatTheyShould(t *testing.T) {
	var kustomization struct {
		Spec struct {
			HealthCheckExprs []struct {
				APIVersion string `json:"apiVersion"`
				Kind       string `json:"kind"`
				InProgress string `json:"inProgress"`
				Failed     string `json:"failed"`
				Current    string `json:"current"`
			} `json:"healthCheckExprs"`
		} `json:"spec"`
	}
	block(t, "healthCheckExprs", &kustomization)
	exprs := kustomization.Spec.HealthCheckExprs[0]
	for name, policy := range recordedPolicies(t) {
		if exprs.APIVersion != policy.GetAPIVersion() || exprs.Kind != policy.GetKind() {
			t.Fatalf("the expressions are for %s %s", exprs.APIVersion, exprs.Kind)
		}
		got := fluxHealth(t, policy, []outcome{{"InProgress", exprs.InProgress}, {"Failed", exprs.Failed}, {"Current", exprs.Current}})
		if want := expectations()[name].flux; got != want {
			t.Errorf("%s: %s, want %s", name, got, want)
		}
	}
}

// outcome if an expression is true.
type outcome struct{ health, expression string }

// fluxHealth of an object as Flux finds it (RFC 0009 of Flux): generations first,
// then the expressions in their order.
func fluxHealth(t *testing.T, object *unstructured.Unstructured, outcomes []outcome) string {
	t.Helper()
	observed, found, err := unstructured.NestedInt64(object.Object, "status", "observedGeneration")
	if err != nil {
		t.Fatal(err)
	}
	if found && observed != object.GetGeneration() {
		return "InProgress"
	}
	env, err := cel.NewEnv(cel.DefaultUTCTimeZone(true), cel.CrossTypeNumericComparisons(true), cel.OptionalTypes())
	if err != nil {
		t.Fatal(err)
	}
	for _, o := range outcomes {
		parsed, issues := env.Parse(o.expression)
		if issues.Err() != nil {
			t.Fatal(issues.Err())
		}
		program, err := env.Program(parsed)
		if err != nil {
			t.Fatal(err)
		}
		value, _, err := program.ContextEval(t.Context(), object.Object)
		if err != nil {
			return "Unknown"
		}
		if value.Value() == true {
			return o.health
		}
	}
	return "InProgress"
}
