//go:build envtest

package v1alpha1_test

import (
	"context"
	"fmt"
	"os"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/yaml"

	"github.com/progress-sync/progress-sync/api/v1alpha1"
	"github.com/progress-sync/progress-sync/sidecar/config"
	"github.com/progress-sync/progress-sync/test/apiserver"
	"github.com/progress-sync/progress-sync/test/fixture"
)

var server client.Client

func TestMain(m *testing.M) {
	os.Exit(func() int {
		environment, err := apiserver.Start()
		if err != nil {
			fmt.Fprintln(os.Stderr, err)
			return 1
		}
		defer func() { _ = environment.Stop() }()
		scheme := runtime.NewScheme()
		if err := v1alpha1.AddToScheme(scheme); err != nil {
			fmt.Fprintln(os.Stderr, err)
			return 1
		}
		if server, err = client.New(environment.Config, client.Options{Scheme: scheme}); err != nil {
			fmt.Fprintln(os.Stderr, err)
			return 1
		}
		return m.Run()
	}())
}

// policy parses a spec as a user writes it, so that a zero or a wrong type
// reaches the API server.
func policy(t *testing.T, name, spec string) *unstructured.Unstructured {
	t.Helper()
	var content map[string]any
	if err := yaml.Unmarshal([]byte(spec), &content); err != nil {
		t.Fatal(err)
	}
	return &unstructured.Unstructured{Object: map[string]any{
		"apiVersion": v1alpha1.GroupVersion.String(), "kind": v1alpha1.Kind,
		"metadata": map[string]any{"namespace": "default", "name": name},
		"spec":     content,
	}}
}

const good = `
selector: {matchLabels: {app: lms}}
database: {secretRef: {name: lms-db}}
`

func TestTheShortestPolicyGetsAllDefaults(t *testing.T) {
	object := policy(t, "shortest", good)
	if err := server.Create(context.Background(), object); err != nil {
		t.Fatal(err)
	}
	var got v1alpha1.ProgressSyncPolicy
	if err := server.Get(context.Background(), client.ObjectKeyFromObject(object), &got); err != nil {
		t.Fatal(err)
	}
	want := fixture.NewPolicy("default", "lms").Build().Spec
	if diff := cmp.Diff(want, got.Spec); diff != "" {
		t.Errorf("spec (-the seed's defaults +got):\n%s", diff)
	}
}

func TestBadPoliciesAreRefusedInWordsThatHelp(t *testing.T) {
	with := func(extra string) string { return good + extra }
	cases := map[string]struct{ spec, says string }{
		"no selector":             {`database: {secretRef: {name: lms-db}}`, "spec.selector: Required value"},
		"an empty selector":       {`{selector: {}, database: {secretRef: {name: lms-db}}}`, "selector must name at least one label"},
		"empty match labels":      {`{selector: {matchLabels: {}}, database: {secretRef: {name: lms-db}}}`, "selector must name at least one label"},
		"empty match expressions": {`{selector: {matchExpressions: []}, database: {secretRef: {name: lms-db}}}`, "selector must name at least one label"},
		"no database":             {`selector: {matchLabels: {app: lms}}`, "spec.database: Required value"},
		"no secret":               {`{selector: {matchLabels: {app: lms}}, database: {}}`, "spec.database.secretRef: Required value"},
		"no secret name":          {`{selector: {matchLabels: {app: lms}}, database: {secretRef: {key: uri}}}`, "spec.database.secretRef.name: Required value"},
		"an empty secret name":    {`{selector: {matchLabels: {app: lms}}, database: {secretRef: {name: ""}}}`, "name must be the name of a Secret"},
		"a secret name that is a path": {`{selector: {matchLabels: {app: lms}}, database: {secretRef: {name: ../x}}}`,
			"name must be the name of a Secret"},
		"a key that is a path": {`{selector: {matchLabels: {app: lms}}, database: {secretRef: {name: x, key: ../uri}}}`,
			"key must be a key of the Secret"},
		"an interval of zero":            {with(`sync: {interval: 0s}`), "interval must be a duration from 1s to 24h"},
		"an interval without a unit":     {with(`sync: {interval: "0"}`), "interval must be a duration from 1s to 24h"},
		"an interval that is a number":   {with(`sync: {interval: 0}`), `spec.sync.interval in body must be of type string`},
		"an interval that is no time":    {with(`sync: {interval: soon}`), "interval must be a duration from 1s to 24h"},
		"a negative interval":            {with(`sync: {interval: -3m}`), "interval must be a duration from 1s to 24h"},
		"an interval of days":            {with(`sync: {interval: 25h}`), "interval must be a duration from 1s to 24h"},
		"a quiet period above interval":  {with(`sync: {interval: 1m, quietPeriod: 2m}`), "quietPeriod must not be longer than interval"},
		"a quiet period of zero":         {with(`sync: {quietPeriod: 0s}`), "quietPeriod must be a duration from 1s"},
		"a webhook without events":       {with(`events: {webhook: {secretRef: {name: x}, url: "https://a.b"}}`), "webhook needs events.enabled: true"},
		"a webhook without an address":   {with(`events: {enabled: true, webhook: {secretRef: {name: x}}}`), "webhook must have one of url and service"},
		"a webhook with two addresses":   {with(`events: {enabled: true, webhook: {secretRef: {name: x}, url: "https://a.b", service: {name: lms}}}`), "webhook must have one of url and service"},
		"a webhook without a secret":     {with(`events: {enabled: true, webhook: {url: "https://a.b"}}`), "spec.events.webhook.secretRef: Required value"},
		"http to elsewhere":              {with(`events: {enabled: true, webhook: {secretRef: {name: x}, url: "http://a.example.com/events"}}`), "url must be an https address"},
		"http to what only looks local":  {with(`events: {enabled: true, webhook: {secretRef: {name: x}, url: "http://lms.campus.svc@a.example.com/"}}`), "url must"},
		"http to what only sounds local": {with(`events: {enabled: true, webhook: {secretRef: {name: x}, url: "http://lms.campus.svc.example.com/"}}`), "url must be an https address"},
		"an address that is none":        {with(`events: {enabled: true, webhook: {secretRef: {name: x}, url: "lms"}}`), "url must be an https address"},
		"a password in the address":      {with(`events: {enabled: true, webhook: {secretRef: {name: x}, url: "https://a:b@c.d/"}}`), "url must have no user, password or fragment"},
		"a service that is a path":       {with(`events: {enabled: true, webhook: {secretRef: {name: x}, service: {name: ../x}}}`), "name must be the name of a Service"},
		"a path that is relative":        {with(`events: {enabled: true, webhook: {secretRef: {name: x}, service: {name: x, path: events}}}`), "path must begin with /"},
		"an event that there is not":     {with(`events: {enabled: true, webhook: {secretRef: {name: x}, url: "https://a.b", types: [completed]}}`), `supported values: "dev.progresssync.lesson.completed"`},
		"a request without events":       {with(`events: {enabled: true, webhook: {secretRef: {name: x}, url: "https://a.b", batch: 0}}`), "batch must be from 1 to 100 events"},
		"an LRS without events":          {with(`events: {xapi: {secretRef: {name: x}, endpoint: "https://a.b", homePage: "https://a.b"}}`), "xapi needs events.enabled: true"},
		"an LRS without a secret":        {with(`events: {enabled: true, xapi: {endpoint: "https://a.b", homePage: "https://a.b"}}`), "spec.events.xapi.secretRef: Required value"},
		"an LRS without a home page":     {with(`events: {enabled: true, xapi: {secretRef: {name: x}, endpoint: "https://a.b"}}`), "spec.events.xapi.homePage: Required value"},
		"an LRS over http elsewhere":     {with(`events: {enabled: true, xapi: {secretRef: {name: x}, endpoint: "http://a.b", homePage: "https://a.b"}}`), "endpoint must be an https address"},
		"an LRS with a query":            {with(`events: {enabled: true, xapi: {secretRef: {name: x}, endpoint: "https://a.b/x?y", homePage: "https://a.b"}}`), "endpoint must be an https address without a query"},
		"an LRS with its resource":       {with(`events: {enabled: true, xapi: {secretRef: {name: x}, endpoint: "https://a.b/x/statements/", homePage: "https://a.b"}}`), "no /statements at its end"},
		"a home page that is none":       {with(`events: {enabled: true, xapi: {secretRef: {name: x}, endpoint: "https://a.b", homePage: campus}}`), "homePage must be an address"},
		"a lesson's address without id":  {with(`events: {enabled: true, xapi: {secretRef: {name: x}, endpoint: "https://a.b", homePage: "https://a.b", activityId: "https://a.b/{courseId}"}}`), "activityId must be an address with {lessonId}"},
		"a course's address of a lesson": {with(`events: {enabled: true, xapi: {secretRef: {name: x}, endpoint: "https://a.b", homePage: "https://a.b", courseActivityId: "https://a.b/{courseId}/{lessonId}"}}`), "courseActivityId must be an address with {courseId}"},
		"a version of xAPI to come":      {with(`events: {enabled: true, xapi: {secretRef: {name: x}, endpoint: "https://a.b", homePage: "https://a.b", version: 3.0.0}}`), `supported values: "1.0.3", "2.0.0"`},
		"a request with 101 statements":  {with(`events: {enabled: true, xapi: {secretRef: {name: x}, endpoint: "https://a.b", homePage: "https://a.b", batch: 101}}`), "batch must be from 1 to 100 statements"},
		"a request with 101 events":      {with(`events: {enabled: true, webhook: {secretRef: {name: x}, url: "https://a.b", batch: 101}}`), "batch must be from 1 to 100 events"},
		"a batch of zero":                {with(`sync: {batchSize: 0}`), "batchSize must be from 1 to 1000 records"},
		"a batch of 5000":                {with(`sync: {batchSize: 5000}`), "batchSize must be from 1 to 1000 records"},
		"a threshold of zero":            {with(`sync: {completionThresholdPercent: 0}`), "completionThresholdPercent must be from 1 to 100"},
		"a threshold above 100":          {with(`sync: {completionThresholdPercent: 101}`), "completionThresholdPercent must be from 1 to 100"},
		"too many retries":               {with(`retry: {maxRetries: 21}`), "maxRetries must be from 0 to 20"},
		"a delay above the longest":      {with(`retry: {initialDelay: 2m}`), "initialDelay must not be longer than maxDelay"},
		"no delay":                       {with(`retry: {initialDelay: 0s}`), "initialDelay must be a duration from 100ms"},
		"a longest delay above an hour":  {with(`retry: {maxDelay: 2h}`), "maxDelay must be a duration from 100ms to 1h"},
		"unknown durability":             {with(`buffer: {durability: Eventually}`), `supported values: "Sync", "Async"`},
		"too few pending records":        {with(`buffer: {maxPendingRecords: 10}`), "maxPendingRecords must be from 100 to 10000000"},
		"a small spool":                  {with(`buffer: {sizeLimit: 1Mi}`), "sizeLimit must be a quantity of 64Mi or more"},
		"a small spool, as a number":     {with(`buffer: {sizeLimit: 1000}`), "sizeLimit must be a quantity of 64Mi or more"},
		"a spool that is no quantity":    {with(`buffer: {sizeLimit: big}`), "sizeLimit"},
		"a claim that is a path":         {with(`buffer: {claimName: ../x}`), "claimName must be the name of a PersistentVolumeClaim"},
		"a replay window of days":        {with(`buffer: {replayWindow: 48h}`), "replayWindow must be a duration from 0s to 24h"},
		"no connections":                 {`{selector: {matchLabels: {app: lms}}, database: {secretRef: {name: x}, maxConnections: 0}}`, "maxConnections must be from 1 to 10"},
		"unknown migrations":             {`{selector: {matchLabels: {app: lms}}, database: {secretRef: {name: x}, migrations: Never}}`, `supported values: "Auto", "Manual"`},
		"the sidecar's status port":      {with(`injection: {port: 9787}`), "port must be from 1024 to 65535, and not 9787"},
		"a privileged port":              {with(`injection: {port: 80}`), "port must be from 1024 to 65535"},
		"the port of the app for peers":  {with(`peers: {port: 8787}`), "peers.port must be another than injection.port"},
		"the port of peers for the app":  {with(`injection: {port: 9788}`), "peers.port must be another than injection.port"},
		"the status port for peers":      {with(`peers: {port: 9787}`), "port must be from 1024 to 65535, and not 9787"},
		"a privileged port for peers":    {with(`peers: {port: 443}`), "port must be from 1024 to 65535"},
		"a port that there is not":       {with(`peers: {port: 65536}`), "port must be from 1024 to 65535"},
		"a mode that there is not":       {with(`peers: {mode: On demand}`), `supported values: "Auto", "Off"`},
		"On, which YAML takes for true":  {with(`peers: {mode: On}`), `spec.peers.mode: Unsupported value: true: supported values: "Auto", "Off"`},
		"events for no day":              {with(`events: {retentionDays: 0}`), "retentionDays must be from 1 to 90"},
		"events for a year":              {with(`events: {retentionDays: 365}`), "retentionDays must be from 1 to 90"},
		"a mode that is a number":        {with(`peers: {mode: 0}`), `spec.peers.mode: Unsupported value: 0: supported values: "Auto", "Off"`},
		"a mode that is a list":          {with(`peers: {mode: ["Auto"]}`), `supported values: "Auto", "Off"`},
		"unknown failure policy":         {with(`injection: {failurePolicy: Maybe}`), `supported values: "Ignore", "Fail"`},
		"a resource of another kind":     {with(`injection: {resources: {limits: {nvidia.com/gpu: 1}}}`), "limits may name cpu, memory and ephemeral-storage"},
		"memory that no sidecar runs in": {with(`injection: {resources: {limits: {memory: 31Mi}}}`), "limits.memory must be 32Mi or more"},
		"memory with a forgotten unit":   {with(`injection: {resources: {limits: {memory: "256"}}}`), "limits.memory must be 32Mi or more"},
		"the same as a number":           {with(`injection: {resources: {limits: {memory: 256}}}`), "limits.memory must be 32Mi or more"},
		"memory in thousandths":          {with(`injection: {resources: {limits: {memory: 256m}}}`), "limits.memory must be 32Mi or more"},
		"memory below nothing":           {with(`injection: {resources: {limits: {memory: -1Gi}}}`), "limits.memory must be 32Mi or more"},
		"memory that is no quantity":     {with(`injection: {resources: {limits: {memory: much}}}`), "memory"},
		"an order that there is not":     {with(`injection: {order: Behind}`), `supported values: "Auto", "First", "Last"`},
		"a user that there is not":       {with(`injection: {runAs: Root}`), `supported values: "Auto", "Fixed", "Assigned"`},
		"an image with a space":          {with(`injection: {image: "a b"}`), "image must be an image reference"},
		"a body of no size":              {with(`ingest: {maxBodyBytes: 1}`), "maxBodyBytes must be from 1024"},
		"a user header with a space":     {with(`ingest: {userHeader: X User}`), "userHeader must be the name of a request header"},
		"an empty user header":           {with(`ingest: {userHeader: ""}`), "userHeader must be the name of a request header"},
		"a user header of any page":      {with(`ingest: {userHeader: accept-language}`), "userHeader must be a header that neither HTTP nor a browser uses"},
		"a standard that there is not":   {with(`ingest: {standards: [SCORM]}`), `supported values: "xAPI", "Caliper"`},
		"a standard twice":               {with(`ingest: {standards: [xAPI, xAPI]}`), "Duplicate value"},
		"a prefix of nothing":            {with(`ingest: {iriPrefixes: [""]}`), "should be at least 1 chars long"},
		"an unknown log level":           {with(`logging: {level: Loud}`), `supported values: "Info", "Debug"`},
		"two mistakes, the first":        {with(`sync: {batchSize: 0, interval: 0s}`), "batchSize must be"},
		"two mistakes, the second":       {with(`sync: {batchSize: 0, interval: 0s}`), "interval must be"},
		"a word that is no quiet period": {with(`sync: {quietPeriod: Soon}`), "quietPeriod must be a duration from 1s to the interval, such as 20s, or Auto"},
		"a leave grace above interval":   {with(`sync: {interval: 1m, leaveGrace: 2m}`), "leaveGrace must not be longer than interval"},
		"a floor of nothing":             {with(`sync: {minSyncWithin: 0s}`), "minSyncWithin must be a duration from 1s to the interval"},
		"a floor above interval":         {with(`sync: {interval: 10s, minSyncWithin: 20s}`), "minSyncWithin must not be longer than interval"},
		"nine classes":                   {with(classes("a", "b", "c", "d", "e", "f", "g", "h", "i")), "spec.sync.classes: Too many: 9: must have at most 8 items"},
		"two classes of one name":        {with(classes("a", "a")), "classes must have different names"},
		"a class named default":          {with(classes("default")), "name of a class must be 1 to 63 lower-case letters, digits and '-', such as short, and not default"},
		"a class in capitals":            {with(classes("Short")), "name of a class must be"},
		"a class without a match":        {with(`sync: {classes: [{name: a}]}`), "match: Required value"},
		"a class that matches all":       {with(`sync: {classes: [{name: a, match: {}}]}`), "match must have one of minDuration, maxDuration, courseIds, moduleIds and lessonIds at least"},
		"a class of no duration":         {with(`sync: {classes: [{name: a, match: {minDuration: 0s}}]}`), "match must have one of minDuration"},
		"no ids at all":                  {with(`sync: {classes: [{name: a, match: {courseIds: []}}]}`), "courseIds"},
		"a longest below the shortest":   {with(`sync: {classes: [{name: a, match: {minDuration: 10m, maxDuration: 5m}}]}`), "minDuration must not be longer than maxDuration"},
		"a class's quiet period above its interval": {with(`sync: {classes: [{name: a, match: {maxDuration: 5m}, interval: 20s, quietPeriod: 30s}]}`),
			"quietPeriod of a class must not be longer than its interval"},
		"a class's quiet period above all's interval": {with(`sync: {interval: 20s, classes: [{name: a, match: {maxDuration: 5m}, quietPeriod: 30s}]}`),
			"quietPeriod of a class must not be longer than its interval, which is sync.interval"},
		"an unknown adaptive mode": {with(`sync: {adaptive: {mode: Maybe}}`), `supported values: "Off", "Observe"`},
		"an adaptive least above":  {with(`sync: {adaptive: {mode: Observe, minInterval: 4m}}`), "adaptive.minInterval must not be longer than interval"},
		"an adaptive most below":   {with(`sync: {adaptive: {mode: Observe, maxInterval: 1m}}`), "adaptive.maxInterval must not be shorter than interval"},
		"an adaptive target of 0":  {with(`sync: {adaptive: {targetLatency: 0s}}`), "targetLatency must be a duration from 1ms to 1m"},
		"one arm":                  {with(`variants: {seed: s, arms: [{name: a, weight: 1}]}`), "arms must be 2 to 4: one alone compares with nothing"},
		"five arms":                {with(`variants: {seed: s, arms: [{name: a, weight: 1}, {name: b, weight: 1}, {name: c, weight: 1}, {name: d, weight: 1}, {name: e, weight: 1}]}`), "must have at most 4 items"},
		"two arms of one name":     {with(`variants: {seed: s, arms: [{name: a, weight: 1}, {name: a, weight: 1}]}`), "arms must have different names"},
		"arms without a seed":      {with(`variants: {arms: [{name: a, weight: 1}, {name: b, weight: 1}]}`), "variants.seed: Required value"},
		"a seed with a line break": {with(`variants: {seed: "a\nb", arms: [{name: a, weight: 1}, {name: b, weight: 1}]}`), "seed must have 1 to 64 characters and no control characters"},
		"an arm of no weight":      {with(`variants: {seed: s, arms: [{name: a, weight: 0}, {name: b, weight: 1}]}`), "weight must be from 1 to 1000"},
		"an arm's quiet period above all's interval": {with(`variants: {seed: s, arms: [{name: a, weight: 1, sync: {quietPeriod: 4m}}, {name: b, weight: 1}]}`),
			"quietPeriod and leaveGrace of an arm must not be longer than its interval"},
		"an arm's leave grace above its interval": {with(`variants: {seed: s, arms: [{name: a, weight: 1, sync: {interval: 2s, leaveGrace: 4s}}, {name: b, weight: 1}]}`),
			"leaveGrace of an arm must not be longer than its interval"},
		"a pull secret without a name": {with(`injection: {imagePullSecrets: [{name: ""}]}`), "name must be the name of a Secret"},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			err := server.Create(context.Background(), policy(t, "bad", c.spec), client.DryRunAll)
			if err == nil {
				t.Fatal("the API server took it")
			}
			if !strings.Contains(err.Error(), c.says) {
				t.Errorf("the message does not say %q:\n%v", c.says, err)
			}
		})
	}
}

// classes is sync with a class of each name.
func classes(names ...string) string {
	var list []string
	for _, name := range names {
		list = append(list, `{name: `+name+`, match: {maxDuration: 5m}}`)
	}
	return `sync: {classes: [` + strings.Join(list, ", ") + `]}`
}

// mapping is a policy whose records go to the given table.
func mapping(table string) string {
	return `{selector: {matchLabels: {app: lms}}, database: {secretRef: {name: x}, mapping: ` + table + `}}`
}

const keys = `keyColumns: {userId: u, courseId: c, lessonId: l}`

func TestBadMappingsAreRefusedInWordsThatHelp(t *testing.T) {
	long := strings.Repeat("é", 32) // 64 bytes
	cases := map[string]struct{ table, says string }{
		"no table":                   {`{` + keys + `, columns: {percentage: p}}`, "mapping.table: Required value"},
		"no key columns":             {`{table: t, columns: {percentage: p}}`, "mapping.keyColumns: Required value"},
		"no lesson":                  {`{table: t, keyColumns: {userId: u, courseId: c}, columns: {percentage: p}}`, "keyColumns.lessonId: Required value"},
		"one column for two keys":    {`{table: t, keyColumns: {userId: u, courseId: u, lessonId: l}, columns: {percentage: p}}`, "keyColumns must name different columns"},
		"no columns":                 {`{table: t, ` + keys + `}`, "mapping.columns: Required value"},
		"empty columns":              {`{table: t, ` + keys + `, columns: {}}`, "columns must name at least one field"},
		"an unknown field":           {`{table: t, ` + keys + `, columns: {percent: p}}`, "columns may name these fields: moduleId, positionSeconds"},
		"a field without a column":   {`{table: t, ` + keys + `, columns: {percentage: ""}}`, "columns.percentage"},
		"one column for two fields":  {`{table: t, ` + keys + `, columns: {seekEvents: p, pauseEvents: p}}`, "columns must name a different column for each field"},
		"a field in a key column":    {`{table: t, ` + keys + `, columns: {percentage: u}}`, "columns must not name a column of keyColumns"},
		"a fixed key":                {`{table: t, ` + keys + `, columns: {percentage: p}, fixed: {u: "1"}}`, "fixed must not name a column of keyColumns or columns"},
		"a fixed field":              {`{table: t, ` + keys + `, columns: {percentage: p}, fixed: {p: "1"}}`, "fixed must not name a column of keyColumns or columns"},
		"a fixed value as a number":  {`{table: t, ` + keys + `, columns: {percentage: p}, fixed: {tenant: 7}}`, "must be of type string"},
		"a fixed value with a zero":  {`{table: t, ` + keys + `, columns: {percentage: p}, fixed: {tenant: "\0"}}`, "no zero byte"},
		"a mark that is a key":       {`{table: t, ` + keys + `, columns: {percentage: p}, eventMark: u}`, "eventMark must not name a column of"},
		"a mark that is a field":     {`{table: t, ` + keys + `, columns: {percentage: p}, eventMark: p}`, "eventMark must not name a column of"},
		"a mark that is fixed":       {`{table: t, ` + keys + `, columns: {percentage: p}, fixed: {f: "1"}, eventMark: f}`, "eventMark must not name a column of"},
		"a fixed column of no name":  {`{table: t, ` + keys + `, columns: {percentage: p}, fixed: {"": x}}`, "fixed must name columns"},
		"a long fixed value":         {`{table: t, ` + keys + `, columns: {percentage: p}, fixed: {tenant: ` + strings.Repeat(long, 16) + `}}`, "up to 1000 bytes"},
		"a name of 64 bytes":         {`{table: ` + long + `, ` + keys + `, columns: {percentage: p}}`, "1 to 63 bytes"},
		"a name with a line break":   {`{table: "a\nb", ` + keys + `, columns: {percentage: p}}`, "no control characters"},
		"a course twice":             {`{table: t, ` + keys + `, columns: {percentage: p, courseId: d}}`, "columns may name courseId only if keyColumns has no courseId"},
		"nothing but a course":       {`{table: t, keyColumns: {userId: u, lessonId: l}, columns: {courseId: c}}`, "columns must name at least one field"},
		"a course in a key column":   {`{table: t, keyColumns: {userId: u, lessonId: l}, columns: {percentage: p, courseId: u}}`, "columns must not name a column of keyColumns"},
		"two keys in one column":     {`{table: t, keyColumns: {userId: u, lessonId: u}, columns: {percentage: p}}`, "keyColumns must name different columns"},
		"a fixed key of two":         {`{table: t, keyColumns: {userId: u, lessonId: l}, columns: {percentage: p}, fixed: {l: "1"}}`, "fixed must not name a column of keyColumns or columns"},
		"a scale that is no power":   {`{table: t, ` + keys + `, columns: {percentage: p}, scale: {percentage: "0.5"}}`, `"0.001", "0.01", "0.1", "10"`},
		"a scale without a column":   {`{table: t, ` + keys + `, columns: {percentage: p}, scale: {positionSeconds: "1000"}}`, "scale may name only fields that columns has"},
		"a scale of what has none":   {`{table: t, ` + keys + `, columns: {completed: p}, scale: {completed: "10"}}`, "scale may name these fields: percentage"},
		"the sidecars' own schema":   {`{schema: progress_sync, table: t, ` + keys + `, columns: {percentage: p}}`, "schema must not be progress_sync"},
		"an empty name for a schema": {`{schema: "", table: t, ` + keys + `, columns: {percentage: p}}`, "mapping.schema"},
		"nothing of what was seen":   {`{table: t, ` + keys + `, columns: {percentage: p, durationSeconds: d, watchedSegments: w}}}, sync: {completionBy: Watched`, "completionBy Watched needs watchedSegments, watchedStep and durationSeconds in database.mapping.columns"},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			err := server.Create(context.Background(), policy(t, "bad", mapping(c.table)), client.DryRunAll)
			if err == nil {
				t.Fatal("the API server took it")
			}
			if !strings.Contains(err.Error(), c.says) {
				t.Errorf("the message does not say %q:\n%v", c.says, err)
			}
		})
	}
}

func TestAMappingOfAllFieldsIsInSchemaPublic(t *testing.T) {
	var columns []string
	for i, field := range config.MappingFields() {
		columns = append(columns, fmt.Sprintf("%s: \"column %d\"", field, i))
	}
	object := policy(t, "mapped", mapping(`{table: Progress, `+keys+`, fixed: {tenant_id: "7"}, columns: {`+strings.Join(columns, ", ")+`}}`))
	if err := server.Create(context.Background(), object); err != nil {
		t.Fatal(err)
	}
	var got v1alpha1.ProgressSyncPolicy
	if err := server.Get(context.Background(), client.ObjectKeyFromObject(object), &got); err != nil {
		t.Fatal(err)
	}
	m := got.Spec.Database.Mapping
	if m == nil || m.Schema != "public" || len(m.Columns) != len(config.MappingFields()) || m.Fixed["tenant_id"] != "7" {
		t.Errorf("got %+v", m)
	}
}

func TestAMappingMayHaveNoCourseAndAScale(t *testing.T) {
	for name, table := range map[string]string{
		"no course":        `{table: t, keyColumns: {userId: u, lessonId: l}, columns: {percentage: p}}`,
		"a fixed course":   `{table: t, keyColumns: {userId: u, lessonId: l}, columns: {percentage: p}, fixed: {course: algebra}}`,
		"a course beside":  `{table: t, keyColumns: {userId: u, lessonId: l}, columns: {percentage: p, courseId: c}}`,
		"a mark":           `{table: t, ` + keys + `, columns: {percentage: p}, eventMark: m}`,
		"what was seen":    `{table: t, ` + keys + `, columns: {durationSeconds: d, watchedSegments: w, watchedStep: s}}}, sync: {completionBy: Watched`,
		"a fraction":       `{table: t, ` + keys + `, columns: {percentage: p}, scale: {percentage: "0.01"}}`,
		"milliseconds too": `{table: t, ` + keys + `, columns: {percentage: p, positionSeconds: s}, scale: {percentage: "0.01", positionSeconds: "1000"}}`,
	} {
		if err := server.Create(context.Background(), policy(t, "good", mapping(table)), client.DryRunAll); err != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestLimitsThemselvesAreAllowed(t *testing.T) {
	for name, extra := range map[string]string{
		"the least": `{sync: {interval: 1s, quietPeriod: 1s, batchSize: 1, completionThresholdPercent: 1, flushOnComplete: false},
			retry: {maxRetries: 0, initialDelay: 100ms, maxDelay: 100ms},
			buffer: {durability: Async, maxPendingRecords: 100, sizeLimit: 64Mi, replayWindow: 0s},
			injection: {port: 1024}, ingest: {maxBodyBytes: 1024, maxItems: 1, maxConcurrent: 1}}`,
		"the most": `{sync: {interval: 24h, quietPeriod: 24h, batchSize: 1000, completionThresholdPercent: 100},
			retry: {maxRetries: 20, initialDelay: 1h, maxDelay: 60m},
			buffer: {maxPendingRecords: 10000000, sizeLimit: 1Ti, replayWindow: 24h},
			injection: {port: 65535}, ingest: {maxBodyBytes: 67108864, maxItems: 100000, maxConcurrent: 100000}}`,
		"compound and fractional durations": `{sync: {interval: 1h2m3s, quietPeriod: 1.5s}}`,
		"a short interval and nothing else": `{sync: {interval: 1s}}`,
		"quiet by rhythm, on leaving not":   `{sync: {quietPeriod: Auto, leaveGrace: 0s, minSyncWithin: 3m}}`,
		"the most classes and ids":          fullClasses(),
		"a class with nothing of its own":   `{sync: {classes: [{name: a, match: {minDuration: 30m, maxDuration: 30m}}]}}`,
		"a class that is never quiet":       `{sync: {quietPeriod: Auto, classes: [{name: a, match: {lessonIds: ["exam-*"]}, quietPeriod: 0s, flushOnComplete: false}]}}`,
		"adaptive with all it has":          `{sync: {adaptive: {mode: Observe, minInterval: 90s, maxInterval: 10m, targetLatency: 50ms}}}`,
		"adaptive as YAML reads Off":        `{sync: {adaptive: {mode: Off}}}`,
		"adaptive with nothing":             `{sync: {adaptive: {}}}`,
		"the most arms": `{variants: {seed: spring-2027, arms: [{name: a, weight: 1000}, {name: b, weight: 1, sync: {quietPeriod: Auto}},
			{name: c, weight: 1, sync: {interval: 10m, quietPeriod: 5m, flushOnComplete: false, leaveGrace: 10m}}, {name: d, weight: 1, sync: {quietPeriod: 0s, leaveGrace: 0s}}]}}`,
		"a spool on a claim":          `{buffer: {claimName: lms-spools.campus, sizeLimit: 64Mi}}`,
		"the least memory":            `{injection: {order: Last, runAs: Assigned, resources: {limits: {memory: 32Mi}}}}`,
		"memory as a number of bytes": `{injection: {resources: {limits: {memory: 33554432}}}}`,
		"a webhook with all it has": `{events: {enabled: true, webhook: {url: "https://lms.example.com:8443/events?of=campus", batch: 100, secretRef: {name: lms-webhook, key: a, previousKey: b},
			types: [dev.progresssync.lesson.completed, dev.progresssync.lesson.reset, dev.progresssync.learner.erased]}}}`,
		"an LRS with all it has": `{events: {enabled: true, xapi: {endpoint: "https://lrs.example.com:8443/data/xAPI/", version: 2.0.0, batch: 100, homePage: "https://lms.example.com/",
			secretRef: {name: lms-lrs, usernameKey: a, passwordKey: b, authorizationKey: c}, activityId: "https://lms.example.com/mod/view.php?c={courseId}&id={lessonId}",
			courseActivityId: "https://lms.example.com/course/{courseId}"}}}`,
		"an LRS in the cluster":        `{events: {enabled: true, xapi: {endpoint: "http://lrs.campus.svc:8080/xapi", homePage: "https://lms.example.com", secretRef: {name: lms-lrs}}}}`,
		"a webhook in the cluster":     `{events: {enabled: true, webhook: {url: "http://lms.campus.svc.cluster.local:8080/events", secretRef: {name: lms-webhook}}}}`,
		"a webhook to a service":       `{events: {enabled: true, webhook: {service: {name: lms, namespace: campus, port: 8080, path: /events}, secretRef: {name: lms-webhook}}}}`,
		"events":                       `{events: {enabled: true, retentionDays: 90}}`,
		"no peers":                     `{peers: {mode: "Off", port: 65535}}`,
		"ports that are exchanged":     `{peers: {port: 8787}, injection: {port: 9788}}`,
		"a spool as a number of bytes": `{buffer: {sizeLimit: 134217728}}`,
	} {
		t.Run(name, func(t *testing.T) {
			var spec map[string]any
			for _, part := range []string{good, extra} {
				if err := yaml.Unmarshal([]byte(part), &spec); err != nil {
					t.Fatal(err)
				}
			}
			text, err := yaml.Marshal(spec)
			if err != nil {
				t.Fatal(err)
			}
			if err := server.Create(context.Background(), policy(t, "limits", string(text)), client.DryRunAll); err != nil {
				t.Error(err)
			}
		})
	}
}

// fullClasses has all that classes may have, so that the rules' costs are those of the
// largest policy.
func fullClasses() string {
	id := strings.Repeat("i", 256)
	ids := `["` + id + `"` + strings.Repeat(`, "`+id+`"`, 99) + `]`
	var list []string
	for i := range 8 {
		list = append(list, fmt.Sprintf(`{name: %s, match: {minDuration: 1s, maxDuration: 24h, courseIds: %s, moduleIds: %s, lessonIds: %s}, interval: 24h, quietPeriod: 24h}`,
			strings.Repeat(string(rune('a'+i)), 63), ids, ids, ids))
	}
	return `{sync: {classes: [` + strings.Join(list, ", ") + `]}}`
}

func TestThePolicyAllowsTheUserHeadersThatTheSidecarDoes(t *testing.T) {
	names := []string{
		"X-Progress-User", "x-progress-user", "Remote-User", "X-Forwarded-User", "a!#$%&'*+.^_`|~0", strings.Repeat("a", 64),
		strings.Repeat("a", 65), "a:b", "a,b", "a/b", "ü", "Host", "Cookie", "Authorization", "Origin", "Content-Type", "CONTENT-LENGTH",
		"Accept", "Accept-Language", "Content-Language", "Range", "Sec-Fetch-Site", "If-Match", "Last-Event-ID", "TE", "Via",
	}
	for _, name := range names {
		c := config.Default()
		c.Ingest.UserHeader = name
		object := policy(t, "header", good)
		if err := unstructured.SetNestedField(object.Object, name, "spec", "ingest", "userHeader"); err != nil {
			t.Fatal(err)
		}
		sidecar, server := c.Validate(), server.Create(context.Background(), object, client.DryRunAll)
		if (sidecar == nil) != (server == nil) {
			t.Errorf("%q: the sidecar says %v, the API server %v", name, sidecar, server)
		}
	}
}

func TestALongNameIsRefused(t *testing.T) {
	err := server.Create(context.Background(), policy(t, strings.Repeat("a", 64), good), client.DryRunAll)
	if err == nil || !strings.Contains(err.Error(), "at most 63 characters") {
		t.Errorf("got %v", err)
	}
}

func TestTheTypedObjectRoundTrips(t *testing.T) {
	want := fixture.NewPolicy("default", "round-trip").ForAPIServer()
	object := want.DeepCopy()
	if err := server.Create(context.Background(), object); err != nil {
		t.Fatal(err)
	}
	var got v1alpha1.ProgressSyncPolicy
	if err := server.Get(context.Background(), client.ObjectKeyFromObject(object), &got); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(want.Spec, got.Spec); diff != "" {
		t.Errorf("spec (-sent +got):\n%s", diff)
	}
	if diff := cmp.Diff(metav1.ObjectMeta{}.Labels, got.Labels); diff != "" {
		t.Errorf("labels (-sent +got):\n%s", diff)
	}
}
