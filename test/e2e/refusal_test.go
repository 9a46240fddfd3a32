//go:build e2e

package e2e

import (
	"encoding/json"
	"net/http"
	"strings"
	"testing"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/yaml"

	"github.com/progress-sync/progress-sync/api/v1alpha1"
	"github.com/progress-sync/progress-sync/test/truth"
)

func TestTheAPIServerRefusesBadPoliciesWithAMessageThatHelps(t *testing.T) {
	t.Parallel()
	c := newCampus(t)
	const selector, database = "selector: {matchLabels: {app: lms}}\n", "database: {secretRef: {name: lms-db}}\n"
	cases := map[string]struct{ spec, help string }{
		"an interval of zero":         {selector + database + "sync: {interval: 0s}", "interval must be a duration from 1s to 24h"},
		"no records in a batch":       {selector + database + "sync: {batchSize: 0}", "batchSize must be from 1 to 1000"},
		"5000 records in a batch":     {selector + database + "sync: {batchSize: 5000}", "batchSize must be from 1 to 1000"},
		"no selector":                 {database, "spec.selector: Required"},
		"a selector of everything":    {database + "selector: {}", "selector must name at least one label"},
		"no secret name":              {selector + "database: {secretRef: {}}", "spec.database.secretRef.name: Required"},
		"an unknown durability":       {selector + database + "buffer: {durability: Sometimes}", `supported values: "Sync", "Async"`},
		"a quiet time above interval": {selector + database + "sync: {interval: 1m, quietPeriod: 2m}", "quietPeriod must not be longer than interval"},
	}
	for name, bad := range cases {
		t.Run(name, func(t *testing.T) {
			var spec map[string]any
			if err := yaml.Unmarshal([]byte(bad.spec), &spec); err != nil {
				t.Fatal(err)
			}
			policy := &unstructured.Unstructured{Object: map[string]any{
				"apiVersion": "progresssync.dev/v1alpha1", "kind": "ProgressSyncPolicy",
				"metadata": map[string]any{"name": "bad", "namespace": c.namespace},
				"spec":     spec,
			}}
			err := c.client.Create(t.Context(), policy)
			if err == nil || !strings.Contains(err.Error(), bad.help) {
				t.Errorf("the answer %v does not say %q", err, bad.help)
			}
		})
	}
	var list metav1.PartialObjectMetadataList
	list.SetGroupVersionKind(v1alpha1.GroupVersion.WithKind(v1alpha1.Kind + "List"))
	if err := c.client.List(t.Context(), &list, client.InNamespace(c.namespace)); err != nil {
		t.Fatal(err)
	}
	if len(list.Items) > 0 {
		t.Errorf("%d bad policies were taken", len(list.Items))
	}
}

// problem is what the sidecar says of a bad request.
type problem struct {
	Status int    `json:"status"`
	Title  string `json:"title"`
	Field  string `json:"field"`
	Detail string `json:"detail"`
	Errors []struct {
		Index int    `json:"index"`
		Field string `json:"field"`
	} `json:"errors"`
}

func TestBadUpdatesGetAProblemThatNamesTheFieldAndTheGoodOnesBesideThemAreKept(t *testing.T) {
	t.Parallel()
	c := newCampus(t)
	c.storeSecret(c.uri())
	c.apply()
	pod := c.start(c.lmsPod("lms-0"))
	const path = "/v1/progress"

	const key = `"userId":"u","courseId":"go","lessonId":"errors"`
	cases := map[string]struct {
		body   string
		status int
		field  string
	}{
		"no user":              {`{"courseId":"go","lessonId":"errors","currentTime":1}`, http.StatusUnprocessableEntity, "userId"},
		"a negative time":      {`{` + key + `,"currentTime":-5}`, http.StatusUnprocessableEntity, "currentTime"},
		"a time that is NaN":   {`{` + key + `,"currentTime":"NaN"}`, http.StatusUnprocessableEntity, "currentTime"},
		"a text for a number":  {`{` + key + `,"duration":"long"}`, http.StatusUnprocessableEntity, "duration"},
		"half a JSON":          {`{` + key + `,"currentTime":`, http.StatusBadRequest, ""},
		"ten megabytes":        {`{` + key + `,"moduleId":"` + strings.Repeat("x", 10_000_000) + `"}`, http.StatusRequestEntityTooLarge, ""},
		"a bare NaN, not JSON": {`{` + key + `,"currentTime":NaN}`, http.StatusBadRequest, ""},
	}
	for name, bad := range cases {
		t.Run(name, func(t *testing.T) {
			// The answer to a body that is too large ends its connection, and the
			// forwarding with it.
			code, header, answer := c.post(c.forward(t, pod.Name)+path, "application/json", bad.body)
			var p problem
			if err := json.Unmarshal([]byte(answer), &p); err != nil {
				t.Fatalf("%d: %s: %v", code, answer, err)
			}
			if code != bad.status || p.Status != bad.status || header.Get("Content-Type") != "application/problem+json" {
				t.Errorf("%d %s: %s", code, header.Get("Content-Type"), answer)
			}
			if p.Field != bad.field || p.Detail == "" || p.Title == "" {
				t.Errorf("the field %q is not named: %s", bad.field, answer)
			}
		})
	}

	// The good ones of a mixed batch are kept, whatever lies between them.
	code, _, answer := c.post(c.forward(t, pod.Name)+path, "application/json",
		`[{`+key+`,"currentTime":1},{`+key+`,"currentTime":-2},{"userId":"v","courseId":"go","lessonId":"errors","currentTime":3},{"courseId":"go"}]`)
	var p problem
	if err := json.Unmarshal([]byte(answer), &p); err != nil {
		t.Fatalf("%d: %s: %v", code, answer, err)
	}
	bad := map[int]bool{}
	for _, e := range p.Errors {
		bad[e.Index] = true
	}
	if code != http.StatusMultiStatus || len(bad) != 2 || !bad[1] || !bad[3] {
		t.Errorf("%d: %s", code, answer)
	}
	c.stopAndSave(pod.Name)
	rows, err := c.rows(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	written := map[truth.Key]float64{}
	for _, row := range rows {
		written[row.Key] = row.Position
	}
	for user, position := range map[string]float64{"u": 1, "v": 3} {
		if got := written[truth.Key{UserID: user, CourseID: "go", LessonID: "errors"}]; got != position {
			t.Errorf("the position of %s is %v, want %v", user, got, position)
		}
	}
	if len(rows) != 2 {
		t.Errorf("%d rows, want 2", len(rows))
	}
}
