package configuration

import (
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"k8s.io/apimachinery/pkg/api/resource"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/utils/ptr"
	"pgregory.net/rapid"

	"github.com/progress-sync/progress-sync/api/v1alpha1"
	"github.com/progress-sync/progress-sync/sidecar/config"
	"github.com/progress-sync/progress-sync/test/fixture"
)

func lms() *fixture.Policy { return fixture.NewPolicy("campus", "lms") }

func TestADefaultPolicyIsTheSidecarsDefault(t *testing.T) {
	want := config.Default()
	policy := lms().Generation(7).Build()
	want.Policy = config.Policy{Namespace: "campus", Name: "lms", Generation: 7, CreatedAt: policy.CreationTimestamp.Time}
	if diff := cmp.Diff(want, Of(policy, 0)); diff != "" {
		t.Errorf("configuration (-sidecar's default +policy's default):\n%s", diff)
	}
}

// TestWhatTheAPIServerTakesTheSidecarTakes draws from the limits that the CRD
// sets: no policy can make a file that sidecars refuse.
func TestWhatTheAPIServerTakesTheSidecarTakes(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		duration := func(name string, least, most time.Duration) metav1.Duration {
			return metav1.Duration{Duration: time.Duration(rapid.Int64Range(int64(least), int64(most)).Draw(t, name))}
		}
		number := func(name string, least, most int32) int32 { return rapid.Int32Range(least, most).Draw(t, name) }
		policy := lms().Build()
		spec := &policy.Spec
		spec.Sync.Interval = duration("interval", time.Second, 24*time.Hour)
		if rapid.Bool().Draw(t, "quiet") {
			spec.Sync.QuietPeriod = v1alpha1.QuietPeriod(duration("quietPeriod", time.Second, spec.Sync.Interval.Duration).Duration.String())
		}
		drawTiming(t, policy, duration, number)
		spec.Sync.BatchSize = number("batchSize", 1, 1000)
		spec.Sync.FlushOnComplete = ptr.To(rapid.Bool().Draw(t, "flushOnComplete"))
		spec.Sync.CompletionThresholdPercent = number("threshold", 1, 100)
		spec.Retry.MaxRetries = ptr.To(number("maxRetries", 0, 20))
		spec.Retry.MaxDelay = duration("maxDelay", 100*time.Millisecond, time.Hour)
		spec.Retry.InitialDelay = duration("initialDelay", 100*time.Millisecond, spec.Retry.MaxDelay.Duration)
		spec.Buffer.Durability = rapid.SampledFrom([]v1alpha1.Durability{v1alpha1.DurabilitySync, v1alpha1.DurabilityAsync}).Draw(t, "durability")
		spec.Buffer.MaxPendingRecords = number("maxPendingRecords", 100, 10_000_000)
		spec.Buffer.SizeLimit = *resource.NewQuantity(rapid.Int64Range(64<<20, 1<<45).Draw(t, "sizeLimit"), resource.BinarySI)
		spec.Buffer.ReplayWindow = ptr.To(duration("replayWindow", 0, 24*time.Hour))
		spec.Buffer.EventIDs = v1alpha1.EventIDsSpec{
			MaxCount: ptr.To(number("eventIds.maxCount", 0, 1_000_000)), MaxAge: ptr.To(duration("eventIds.maxAge", 0, 720*time.Hour)),
		}
		spec.Database.MaxConnections = number("maxConnections", 1, 10)
		spec.Database.Migrations = rapid.SampledFrom([]v1alpha1.Migrations{v1alpha1.MigrationsAuto, v1alpha1.MigrationsManual}).Draw(t, "migrations")
		spec.Database.ExecMode = rapid.SampledFrom([]v1alpha1.ExecMode{
			v1alpha1.ExecModeCacheStatement, v1alpha1.ExecModeCacheDescribe, v1alpha1.ExecModeExec,
		}).Draw(t, "execMode")
		spec.Database.ReadTimeout = duration("readTimeout", 10*time.Millisecond, time.Minute)
		spec.Database.StatementTimeout = duration("statementTimeout", 100*time.Millisecond, 10*time.Minute)
		spec.Database.ActivityDaily = rapid.Bool().Draw(t, "activityDaily")
		spec.Ingest = v1alpha1.IngestSpec{
			MaxBodyBytes: rapid.Int64Range(1<<10, 64<<20).Draw(t, "maxBodyBytes"),
			MaxItems:     number("maxItems", 1, 100_000), MaxConcurrent: number("maxConcurrent", 1, 100_000),
			UserHeader: rapid.SampledFrom([]string{"", "X-Progress-User", "remote-user"}).Draw(t, "userHeader"),
			Standards: rapid.SampledFrom([][]v1alpha1.Standard{
				nil, {v1alpha1.StandardXAPI}, {v1alpha1.StandardCaliper, v1alpha1.StandardXAPI},
			}).Draw(t, "standards"),
			IRIPrefixes: rapid.SampledFrom([][]string{nil, {"https://lms.example/", "urn:x:"}}).Draw(t, "iriPrefixes"),
		}
		spec.Peers.Mode = rapid.SampledFrom([]v1alpha1.PeersMode{"", v1alpha1.PeersAuto, v1alpha1.PeersOff}).Draw(t, "peers")
		spec.Events = v1alpha1.EventsSpec{Enabled: rapid.Bool().Draw(t, "events"), RetentionDays: number("retentionDays", 1, 90)}
		spec.Logging.Level = rapid.SampledFrom([]v1alpha1.LogLevel{v1alpha1.LogInfo, v1alpha1.LogDebug}).Draw(t, "level")

		if rapid.Bool().Draw(t, "mapped") {
			spec.Database.Mapping = drawMapping(t)
		}

		want := Of(policy, 0)
		if e := want.Events; e.Enabled != spec.Events.Enabled || e.Enabled && e.RetentionDays != int(spec.Events.RetentionDays) {
			t.Fatalf("events are %+v, want %+v", e, spec.Events)
		}
		if want.Database.ActivityDaily != spec.Database.ActivityDaily {
			t.Fatalf("activityDaily is %v, want %v", want.Database.ActivityDaily, spec.Database.ActivityDaily)
		}
		file, err := File(want)
		if err != nil {
			t.Fatal(err)
		}
		if !spec.Events.Enabled && strings.Contains(file, `"events"`) {
			t.Fatalf("a sidecar that knows no events is told of them: %s", file)
		}
		got, err := config.Parse([]byte(file))
		if err != nil {
			t.Fatalf("%v\n%s", err, file)
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Fatalf("configuration (-operator +sidecar):\n%s", diff)
		}
		variable, err := Variable(want)
		if err != nil {
			t.Fatal(err)
		}
		if strings.Contains(variable, "$") {
			t.Fatalf("the kubelet would expand %s", variable)
		}
		got, err = config.Parse([]byte(variable))
		if err != nil {
			t.Fatalf("%v\n%s", err, variable)
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Fatalf("configuration in a variable (-operator +sidecar):\n%s", diff)
		}
	})
}

func TestTheKubeletFindsNothingToExpandInTheVariable(t *testing.T) {
	policy := lms().With(func(p *v1alpha1.ProgressSyncPolicy) {
		p.Spec.Database.Mapping = &v1alpha1.TableMapping{
			Schema: "public", Table: "user_progress",
			KeyColumns: v1alpha1.KeyColumns{UserID: "user_id", LessonID: "lesson_id"},
			Columns:    map[string]v1alpha1.Name{"percentage": "percent"},
			Fixed:      map[string]v1alpha1.FixedValue{"tenant": "$(POD_UID)", "note": `$$\$"`},
		}
	}).Build()
	text, err := Variable(Of(policy, 0))
	if err != nil {
		t.Fatal(err)
	}
	// The kubelet takes $(NAME) for another variable, and $$ for a $.
	if strings.Contains(text, "$") || !strings.Contains(text, `\u0024(POD_UID)`) {
		t.Errorf("the kubelet would expand %s", text)
	}
	got, err := config.Parse([]byte(text))
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(map[string]string{"tenant": "$(POD_UID)", "note": `$$\$"`}, got.Database.Mapping.Fixed); diff != "" {
		t.Errorf("fixed values (-policy +sidecar):\n%s", diff)
	}
}

// drawMapping to a table whose names are anything that the API server takes.
func drawMapping(t *rapid.T) *v1alpha1.TableMapping {
	fields := rapid.SliceOfNDistinct(rapid.SampledFrom(config.MappingFields()), 1, -1, rapid.ID).Draw(t, "fields")
	fixed := rapid.IntRange(0, 16).Draw(t, "fixed")
	names := rapid.SliceOfNDistinct(rapid.StringMatching(`[a-zA-Z0-9_ "é.-]{1,30}`), 4+len(fields)+fixed, 4+len(fields)+fixed, rapid.ID).
		Filter(func(names []string) bool { return !slices.Contains(names, "progress_sync") }).Draw(t, "names")
	name := func() v1alpha1.Name {
		n := names[0]
		names = names[1:]
		return v1alpha1.Name(n)
	}
	m := &v1alpha1.TableMapping{
		Schema: "public", Table: name(), Columns: map[string]v1alpha1.Name{},
		KeyColumns: v1alpha1.KeyColumns{UserID: name(), CourseID: name(), LessonID: name()},
	}
	for _, field := range fields {
		m.Columns[field] = name()
	}
	if rapid.Bool().Draw(t, "course is no key") {
		if m.Columns["courseId"] = m.KeyColumns.CourseID; rapid.Bool().Draw(t, "course is not kept") {
			delete(m.Columns, "courseId")
		}
		m.KeyColumns.CourseID = ""
	}
	for _, field := range config.ScaledFields() {
		if _, ok := m.Columns[field]; ok && rapid.Bool().Draw(t, field+" scaled") {
			if m.Scale == nil {
				m.Scale = map[string]v1alpha1.Scale{}
			}
			m.Scale[field] = v1alpha1.Scale(rapid.SampledFrom(config.Scales()).Draw(t, "scale"))
		}
	}
	for range fixed {
		if m.Fixed == nil {
			m.Fixed = map[string]v1alpha1.FixedValue{}
		}
		m.Fixed[string(name())] = v1alpha1.FixedValue(rapid.StringMatching(`[ -~é]{0,500}`).Draw(t, "value"))
	}
	return m
}

func TestAWebhookIsAnAddressForTheSidecars(t *testing.T) {
	for name, c := range map[string]struct {
		spec v1alpha1.WebhookSpec
		want config.Webhook
	}{
		"a url": {
			v1alpha1.WebhookSpec{URL: "https://lms.example.com/events?of=campus", Batch: 20, Types: []v1alpha1.EventType{v1alpha1.EventLessonReset}},
			config.Webhook{URL: "https://lms.example.com/events?of=campus", Batch: 20, Types: []string{"dev.progresssync.lesson.reset"}},
		},
		"a service with the defaults": {
			v1alpha1.WebhookSpec{Service: &v1alpha1.WebhookService{Name: "lms", Port: 80, Path: "/"}, Batch: 1},
			config.Webhook{URL: "http://lms.campus.svc/", Batch: 1},
		},
		"a service elsewhere": {
			v1alpha1.WebhookSpec{Service: &v1alpha1.WebhookService{Name: "hooks", Namespace: "backend", Port: 8080, Path: "/events"}, Batch: 1},
			config.Webhook{URL: "http://hooks.backend.svc:8080/events", Batch: 1},
		},
	} {
		policy := lms().Build()
		policy.Spec.Events = v1alpha1.EventsSpec{Enabled: true, RetentionDays: 7, Webhook: &c.spec}
		got := Of(policy, 0)
		if diff := cmp.Diff(&c.want, got.Events.Webhook); diff != "" {
			t.Errorf("%s (-want +got):\n%s", name, diff)
		}
		if err := got.Validate(); err != nil {
			t.Errorf("%s: the sidecars refuse it: %v", name, err)
		}
	}
}

func TestAnLRSIsInTheSidecarsFile(t *testing.T) {
	policy := lms().Build()
	policy.Spec.Events = v1alpha1.EventsSpec{Enabled: true, RetentionDays: 7, XAPI: &v1alpha1.XAPISpec{
		Endpoint: "https://lrs.example.com/data/xAPI", SecretRef: v1alpha1.XAPISecretRef{Name: "lms-lrs"}, Version: v1alpha1.XAPIVersion2,
		HomePage: "https://lms.example.com", ActivityID: "https://lms.example.com/xblock/{lessonId}",
		CourseActivityID: "https://lms.example.com/course/{courseId}", Batch: 100,
	}}
	got := Of(policy, 0)
	want := &config.XAPI{
		Endpoint: "https://lrs.example.com/data/xAPI", Version: "2.0.0", HomePage: "https://lms.example.com",
		ActivityID: "https://lms.example.com/xblock/{lessonId}", CourseActivityID: "https://lms.example.com/course/{courseId}", Batch: 100,
	}
	if diff := cmp.Diff(want, got.Events.XAPI); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	if err := got.Validate(); err != nil {
		t.Errorf("the sidecars refuse it: %v", err)
	}
}
