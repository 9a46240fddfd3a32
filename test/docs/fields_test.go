package docs

import (
	"strings"
	"testing"

	"github.com/progress-sync/progress-sync/sidecar/progress"
)

func TestEveryFieldIsDescribed(t *testing.T) {
	api, semantics := read(t, "docs/http-api.md"), read(t, "docs/semantics.md")
	for _, input := range progress.Inputs(progress.Fields()) {
		if !strings.Contains(api, "`"+input.Name+"`") {
			t.Errorf("docs/http-api.md does not have the field %s of an update", input.Name)
		}
	}
	for _, f := range progress.Fields() {
		if f.Rule != progress.RuleKey && !f.Hidden && !strings.Contains(semantics, "`"+f.Column+"`") && !strings.Contains(semantics, "`"+f.Name+"`") {
			t.Errorf("docs/semantics.md does not say how two values of %s become one", f.Name)
		}
	}
}
