package v1alpha1

// Types of conditions.
const (
	// ConditionReady is True when pods that are created now get a sidecar with
	// its configuration, and neither Injected nor DatabaseReachable is False.
	// It does not wait for pods, so that a policy can be applied first.
	ConditionReady = "Ready"
	// ConditionInjected is True when every selected pod has its sidecar.
	ConditionInjected = "Injected"
	// ConditionDatabaseReachable is True when every sidecar that tried can use
	// the database.
	ConditionDatabaseReachable = "DatabaseReachable"
	// ConditionSynced is True when records are written within their time.
	ConditionSynced = "Synced"
)

// Reasons of Ready.
const (
	ReasonReady = "Ready"
	// ReasonNamespaceRefused: kube-system and the operator's own namespace get
	// no sidecars.
	ReasonNamespaceRefused = "NamespaceRefused"
	// ReasonInvalidSelector: the selector is no valid label selector.
	ReasonInvalidSelector = "InvalidSelector"
	// ReasonWebhookPending: the API server does not call the operator yet.
	ReasonWebhookPending = "WebhookPending"
)

// Reasons of Injected.
const (
	ReasonAllInjected = "AllInjected"
	ReasonNoPods      = "NoPods"
	// ReasonPodsWithoutSidecar: pods were created before the policy, or while
	// the operator did not answer.
	ReasonPodsWithoutSidecar = "PodsWithoutSidecar"
	// ReasonInjectionRefused: pods that cannot be injected.
	ReasonInjectionRefused = "InjectionRefused"
	// ReasonPolicyConflict: an older policy has some of the selected pods.
	ReasonPolicyConflict = "PolicyConflict"
)

// Reasons of DatabaseReachable, and of status.lastError.
const (
	ReasonReachable = "Reachable"
	// ReasonNotTried: sidecars run and had no need of the database yet.
	ReasonNotTried            = "NotTried"
	ReasonDatabaseUnreachable = "DatabaseUnreachable"
	ReasonCredentialsRefused  = "CredentialsRefused"
	ReasonDatabaseMissing     = "DatabaseMissing"
	ReasonSchemaMissing       = "SchemaMissing"
	ReasonSchemaTooNew        = "SchemaTooNew"
	ReasonNoPrivilege         = "NoPrivilege"
	ReasonSecretMissing       = "SecretMissing"
	ReasonSecretInvalid       = "SecretInvalid"
	ReasonDatabaseOverloaded  = "DatabaseOverloaded"
	ReasonDatabaseReadOnly    = "DatabaseReadOnly"
	ReasonDatabaseError       = "DatabaseError"
	// ReasonTableUnusable: the table takes no record, whatever is in it.
	ReasonTableUnusable = "TableUnusable"
	// ReasonDataRefused: the database refused records for their data; it is
	// reachable.
	ReasonDataRefused = "DataRefused"
	// ReasonStaleSpool: a sidecar runs on an old copy of its spool, and holds
	// what is in it.
	ReasonStaleSpool = "StaleSpool"
	// ReasonRewoundIncomplete: the database fell back further than a spool
	// reaches; saved records are missing in it.
	ReasonRewoundIncomplete = "RewoundIncomplete"
)

// Reasons of Synced.
const (
	ReasonUpToDate = "UpToDate"
	// ReasonParked: records wait for the database after their last retry.
	ReasonParked = "Parked"
	// ReasonBacklog: the oldest record waits longer than its interval explains.
	ReasonBacklog = "Backlog"
	// ReasonUpdatesRefused: sidecars take no new updates.
	ReasonUpdatesRefused = "UpdatesRefused"
)

// Reasons of several conditions.
const (
	// ReasonNoSidecars: nothing to ask.
	ReasonNoSidecars = "NoSidecars"
	// ReasonSidecarsUnreachable: no sidecar answers the operator.
	ReasonSidecarsUnreachable = "SidecarsUnreachable"
)
