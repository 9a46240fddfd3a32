package v1alpha1

import (
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

// Migrations says who creates and upgrades the tables.
//
// +kubebuilder:validation:Enum=Auto;Manual
type Migrations string

const (
	// MigrationsAuto lets the sidecars do it.
	MigrationsAuto Migrations = "Auto"
	// MigrationsManual makes the sidecars wait until someone has.
	MigrationsManual Migrations = "Manual"
)

// ExecMode is how a sidecar sends its queries.
//
// +kubebuilder:validation:Enum=CacheStatement;CacheDescribe;Exec
type ExecMode string

const (
	// ExecModeCacheStatement prepares statements; works with PgBouncer 1.21 and
	// later in transaction mode.
	ExecModeCacheStatement ExecMode = "CacheStatement"
	// ExecModeCacheDescribe prepares nothing but remembers the types.
	ExecModeCacheDescribe ExecMode = "CacheDescribe"
	// ExecModeExec prepares nothing; works with any pooler.
	ExecModeExec ExecMode = "Exec"
)

// DatabaseSpec says where the records go and how a sidecar uses Postgres.
type DatabaseSpec struct {
	// secretRef names the Secret, in the policy's namespace, with the
	// connection URI. The operator never reads it; the kubelet gives it to the
	// pods. If it is missing or wrong, pods start all the same, keep their
	// updates, and write them once it is right. The keys ca.crt, tls.crt and
	// tls.key of the Secret, if it has them, lie beside the URI in
	// /etc/progress-sync/database.
	//
	// +required
	SecretRef SecretRef `json:"secretRef"`

	// maxConnections of one sidecar, 1 to 10; pods multiply it.
	//
	// +optional
	// +kubebuilder:default=2
	// +kubebuilder:validation:XValidation:rule="self >= 1 && self <= 10",message="maxConnections must be from 1 to 10 for each sidecar"
	MaxConnections int32 `json:"maxConnections,omitempty"`

	// migrations: Auto lets the sidecars create and upgrade the tables; Manual
	// makes them wait until someone has (`sidecar migrate --print` prints the SQL).
	//
	// +optional
	// +kubebuilder:default=Auto
	Migrations Migrations `json:"migrations,omitempty"`

	// execMode is how queries are sent: CacheStatement prepares them, and works
	// with PgBouncer 1.21 and later in transaction mode; Exec works with any
	// pooler.
	//
	// +optional
	// +kubebuilder:default=CacheStatement
	ExecMode ExecMode `json:"execMode,omitempty"`

	// readTimeout of an optimistic read's question to the database, 10ms to 1m.
	//
	// +optional
	// +kubebuilder:default="1s"
	// +kubebuilder:validation:Type=string
	// +kubebuilder:validation:MaxLength=20
	// +kubebuilder:validation:XValidation:rule="self.matches('^([0-9]+([.][0-9]+)?(ms|s|m|h))+$') && duration(self) >= duration('10ms') && duration(self) <= duration('1m')",message="readTimeout must be a duration from 10ms to 1m, such as 1s"
	ReadTimeout metav1.Duration `json:"readTimeout,omitzero"`

	// statementTimeout of one write in the database, 100ms to 10m.
	//
	// +optional
	// +kubebuilder:default="30s"
	// +kubebuilder:validation:Type=string
	// +kubebuilder:validation:MaxLength=20
	// +kubebuilder:validation:XValidation:rule="self.matches('^([0-9]+([.][0-9]+)?(ms|s|m|h))+$') && duration(self) >= duration('100ms') && duration(self) <= duration('10m')",message="statementTimeout must be a duration from 100ms to 10m, such as 30s"
	StatementTimeout metav1.Duration `json:"statementTimeout,omitzero"`

	// activityDaily adds up in progress_sync.activity_daily what each learner did in a course
	// on a day, in UTC: seconds and updates. It is written with the progress, and costs a
	// row more for each learner and course of a batch.
	//
	// +optional
	// +kubebuilder:default=false
	ActivityDaily bool `json:"activityDaily,omitempty"`

	// mapping names an existing table that takes the records, instead of
	// progress_sync.lesson_progress. The sidecars check it before they write;
	// what does not fit they say in one message, and keep their updates until it
	// does.
	//
	// +optional
	Mapping *TableMapping `json:"mapping,omitempty"`
}

// SecretRef is a key of a Secret in the policy's namespace.
type SecretRef struct {
	// name of the Secret.
	//
	// +required
	// +kubebuilder:validation:MaxLength=253
	// +kubebuilder:validation:XValidation:rule="self.matches('^[a-z0-9]([-a-z0-9]*[a-z0-9])?([.][a-z0-9]([-a-z0-9]*[a-z0-9])?)*$')",message="name must be the name of a Secret in this namespace: lower-case letters, digits, '-' and '.'"
	Name string `json:"name"`

	// key that holds the connection URI.
	//
	// +optional
	// +kubebuilder:default=uri
	// +kubebuilder:validation:MaxLength=253
	// +kubebuilder:validation:XValidation:rule="self.matches('^[-._a-zA-Z0-9]+$') && !self.startsWith('..') && self != '.'",message="key must be a key of the Secret: letters, digits, '-', '_' and '.'"
	Key string `json:"key,omitempty"`
}

// IngestSpec caps one request of the app to its sidecar, and says whom it may
// speak for.
type IngestSpec struct {
	// maxBodyBytes of a request, 1024 (1 KiB) to 67108864 (64 MiB).
	//
	// +optional
	// +kubebuilder:default=1048576
	// +kubebuilder:validation:XValidation:rule="self >= 1024 && self <= 67108864",message="maxBodyBytes must be from 1024 (1 KiB) to 67108864 (64 MiB)"
	MaxBodyBytes int64 `json:"maxBodyBytes,omitempty"`

	// maxItems of an array or NDJSON body, 1 to 100000.
	//
	// +optional
	// +kubebuilder:default=1000
	// +kubebuilder:validation:XValidation:rule="self >= 1 && self <= 100000",message="maxItems must be from 1 to 100000"
	MaxItems int32 `json:"maxItems,omitempty"`

	// maxConcurrent requests; further ones get 503. 1 to 100000.
	//
	// +optional
	// +kubebuilder:default=1024
	// +kubebuilder:validation:XValidation:rule="self >= 1 && self <= 100000",message="maxConcurrent must be from 1 to 100000"
	MaxConcurrent int32 `json:"maxConcurrent,omitempty"`

	// userHeader names the request header in which the LMS's proxy puts the
	// learner of its session, such as X-Progress-User. The proxy must drop what a
	// browser sends in it. Progress is then taken only with this header and only
	// of this learner, and what is not for learners is refused with it. If unset,
	// a request says itself whose progress it is.
	//
	// +optional
	// +kubebuilder:validation:MaxLength=64
	// +kubebuilder:validation:XValidation:rule="self.matches(r'^[-!#$%&\\x27*+.^_\\x60|~0-9A-Za-z]{1,64}$')",message="userHeader must be the name of a request header, such as X-Progress-User: 1 to 64 letters, digits and '-'; leave it out for none"
	// +kubebuilder:validation:XValidation:rule="!self.matches('(?i)^((accept|access-control|content|if|proxy|sec|upgrade)(-.*)?|authorization|cache-control|connection|cookie2?|date|dnt|downlink|dpr|expect|forwarded|from|host|http2-settings|keep-alive|last-event-id|max-forwards|origin|pragma|prefer|priority|range|referer|rtt|save-data|set-cookie2?|te|trailer|transfer-encoding|user-agent|via|viewport-width|width|x-csrf-token|x-forwarded-(for|host|port|proto)|x-requested-with)$')",message="userHeader must be a header that neither HTTP nor a browser uses, such as X-Progress-User: a learner could choose it, or it would never say who they are"
	UserHeader string `json:"userHeader,omitempty"`

	// standards are those in whose forms the sidecar takes events beside its own:
	// xAPI, with cmi5 and the video profile, at /v1/xapi/statements, and Caliper at
	// /v1/caliper. If unset, none.
	//
	// +optional
	// +listType=set
	// +kubebuilder:validation:MaxItems=2
	Standards []Standard `json:"standards,omitempty"`

	// iriPrefixes are cut from the IRIs that these standards have for learners,
	// courses and lessons, so that the ids are those that the LMS uses, such as
	// https://lms.example/course/. The longest that fits is cut. Up to 16 of up to
	// 255 characters.
	//
	// +optional
	// +listType=set
	// +kubebuilder:validation:MaxItems=16
	// +kubebuilder:validation:items:MinLength=1
	// +kubebuilder:validation:items:MaxLength=255
	IRIPrefixes []string `json:"iriPrefixes,omitempty"`
}

// Standard is one for telling of learning.
//
// +kubebuilder:validation:Enum=xAPI;Caliper
type Standard string

const (
	StandardXAPI    Standard = "xAPI"
	StandardCaliper Standard = "Caliper"
)

// LogLevel is how much is logged.
//
// +kubebuilder:validation:Enum=Info;Debug
type LogLevel string

const (
	LogInfo  LogLevel = "Info"
	LogDebug LogLevel = "Debug"
)

// LoggingSpec of the sidecars. No level logs a learner's data.
type LoggingSpec struct {
	// level of what is logged.
	//
	// +optional
	// +kubebuilder:default=Info
	Level LogLevel `json:"level,omitempty"`
}
