package configuration

import (
	"encoding/json"
	"fmt"
	"strings"

	"k8s.io/utils/ptr"

	"github.com/progress-sync/progress-sync/api/v1alpha1"
	"github.com/progress-sync/progress-sync/sidecar/config"
)

// execModes of the policy in the words of the file.
var execModes = map[v1alpha1.ExecMode]config.ExecMode{
	v1alpha1.ExecModeCacheStatement: config.ExecModeCacheStatement,
	v1alpha1.ExecModeCacheDescribe:  config.ExecModeCacheDescribe,
	v1alpha1.ExecModeExec:           config.ExecModeExec,
}

// Of a policy: what its sidecars run. The spool limit is the smallest
// volume of the living pods, zero if there are none: a sidecar that wrote more
// than its volume may hold would be evicted together with what it holds.
func Of(policy *v1alpha1.ProgressSyncPolicy, spoolLimit int64) config.Config {
	spec := &policy.Spec
	out := config.Default()
	out.Policy = config.Policy{
		Namespace: policy.Namespace, Name: policy.Name, Generation: policy.Generation, CreatedAt: policy.CreationTimestamp.UTC(),
	}

	out.Sync = syncOf(spec.Sync)
	out.Variants = variants(spec.Variants)

	out.Retry.MaxRetries = int(ptr.Deref(spec.Retry.MaxRetries, int32(out.Retry.MaxRetries)))
	out.Retry.InitialDelay = config.Duration(spec.Retry.InitialDelay.Duration)
	out.Retry.MaxDelay = config.Duration(spec.Retry.MaxDelay.Duration)

	out.Buffer.Durability = config.Durability(spec.Buffer.Durability)
	out.Buffer.MaxPendingRecords = int(spec.Buffer.MaxPendingRecords)
	out.Buffer.SizeLimitBytes = spec.Buffer.SizeLimit.Value()
	if spoolLimit > 0 && spoolLimit < out.Buffer.SizeLimitBytes {
		out.Buffer.SizeLimitBytes = spoolLimit
	}
	if w := spec.Buffer.ReplayWindow; w != nil {
		out.Buffer.ReplayWindow = config.Duration(w.Duration)
	}
	out.Buffer.EventIDs.MaxCount = int(ptr.Deref(spec.Buffer.EventIDs.MaxCount, int32(out.Buffer.EventIDs.MaxCount)))
	if age := spec.Buffer.EventIDs.MaxAge; age != nil {
		out.Buffer.EventIDs.MaxAge = config.Duration(age.Duration)
	}

	out.Database.MaxConnections = int(spec.Database.MaxConnections)
	out.Database.Migrations = config.Migrations(spec.Database.Migrations)
	out.Database.ExecMode = execModes[spec.Database.ExecMode]
	out.Database.ReadTimeout = config.Duration(spec.Database.ReadTimeout.Duration)
	out.Database.StatementTimeout = config.Duration(spec.Database.StatementTimeout.Duration)
	out.Database.ActivityDaily = spec.Database.ActivityDaily
	out.Database.Mapping = mapping(spec.Database.Mapping)

	out.Ingest.MaxBodyBytes = spec.Ingest.MaxBodyBytes
	out.Ingest.MaxItems = int(spec.Ingest.MaxItems)
	out.Ingest.MaxConcurrent = int(spec.Ingest.MaxConcurrent)
	out.Ingest.UserHeader = spec.Ingest.UserHeader
	for _, s := range spec.Ingest.Standards {
		out.Ingest.Standards = append(out.Ingest.Standards, config.Standard(s))
	}
	out.Ingest.IRIPrefixes = spec.Ingest.IRIPrefixes

	if mode := spec.Peers.Mode; mode != "" { // an API server with an older definition knows none
		out.Peers.Mode = config.PeersMode(mode)
	}

	if spec.Events.Enabled {
		out.Events = config.Events{Enabled: true, RetentionDays: int(spec.Events.RetentionDays)}
	}

	out.Events.Webhook = webhook(spec.Events.Webhook, policy.Namespace)
	out.Events.XAPI = xapi(spec.Events.XAPI)

	out.Logging.Level = config.LogLevel(strings.ToLower(string(spec.Logging.Level)))
	return out
}

// mapping in the words of the file, or nil for the sidecars' own table.
func mapping(spec *v1alpha1.TableMapping) *config.Mapping {
	if spec == nil {
		return nil
	}
	out := &config.Mapping{
		Schema: string(spec.Schema), Table: string(spec.Table),
		KeyColumns: config.KeyColumns{
			UserID: string(spec.KeyColumns.UserID), CourseID: string(spec.KeyColumns.CourseID), LessonID: string(spec.KeyColumns.LessonID),
		},
		Columns: make(map[string]string, len(spec.Columns)), EventMark: string(spec.EventMark),
	}
	for field, column := range spec.Columns {
		out.Columns[field] = string(column)
	}
	if len(spec.Scale) > 0 {
		out.Scale = make(map[string]string, len(spec.Scale))
	}
	for field, scale := range spec.Scale {
		out.Scale[field] = string(scale)
	}
	if len(spec.Fixed) > 0 {
		out.Fixed = make(map[string]string, len(spec.Fixed))
	}
	for column, value := range spec.Fixed {
		out.Fixed[column] = string(value)
	}
	return out
}

// File is the configuration as the sidecar reads it.
func File(c config.Config) (string, error) {
	text, err := json.MarshalIndent(c, "", "  ")
	if err != nil {
		return "", fmt.Errorf("writing the configuration of policy %s/%s: %w", c.Policy.Namespace, c.Policy.Name, err)
	}
	return string(text) + "\n", nil
}

// Variable is the configuration as a pod carries it in an environment variable
// of the sidecar, so that its settings hold before there is a file: compact,
// and with every $ written as \u0024, since the kubelet puts other variables in
// place of $(NAME).
func Variable(c config.Config) (string, error) {
	text, err := json.Marshal(c)
	if err != nil {
		return "", fmt.Errorf("writing the configuration of policy %s/%s: %w", c.Policy.Namespace, c.Policy.Name, err)
	}
	// A $ can only stand within a string, where JSON takes either form.
	return strings.ReplaceAll(string(text), "$", `\u0024`), nil
}
