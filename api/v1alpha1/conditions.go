package v1alpha1

// Types of conditions.
const (
	// ConditionReady is True when the policy can do its work: pods that are
	// created now get a sidecar with its configuration, the sidecars run, and
	// nothing is wrong with what the spec says or names. An outage of the
	// database, which no spec causes, does not make it False. It does not wait
	// for pods, so that a policy can be applied first.
	ConditionReady = "Ready"
	// ConditionHealthy is True when nothing is wrong, in the spec or at run time:
	// Ready and all the conditions below are not False.
	ConditionHealthy = "Healthy"
	// ConditionInjected is True when every selected pod has its sidecar.
	ConditionInjected = "Injected"
	// ConditionSidecarsReady is True when every sidecar runs, and has understood
	// the configuration that it has.
	ConditionSidecarsReady = "SidecarsReady"
	// ConditionDatabaseReachable is True when every sidecar that tried can use
	// the database.
	ConditionDatabaseReachable = "DatabaseReachable"
	// ConditionSynced is True when records are written within their time.
	ConditionSynced = "Synced"
	// ConditionPeered is True when the sidecars hand on to the homes of their
	// learners. Homes save writes and are never needed: Ready does not follow it.
	ConditionPeered = "Peered"
	// ConditionEventsDelivered is True when the receivers of events.webhook and
	// events.xapi take what they are sent, and nothing waits for long. Unknown where
	// neither is set.
	ConditionEventsDelivered = "EventsDelivered"

	// ConditionReconciling and ConditionStalled are there while they are True, as
	// kstatus has them: Ready is False, and will become True by itself, or not
	// before the spec changes.
	ConditionReconciling = "Reconciling"
	ConditionStalled     = "Stalled"
)

// Reasons of Ready.
const (
	ReasonReady = "Ready"
	// ReasonNamespaceRefused: kube-system and the operator's own namespace get
	// no sidecars.
	ReasonNamespaceRefused = "NamespaceRefused"
	// ReasonInvalidSelector: the selector is no valid label selector.
	ReasonInvalidSelector = "InvalidSelector"
	// ReasonTooManyPolicies: the namespace has more policies than the API server
	// can be told of, and older ones come first.
	ReasonTooManyPolicies = "TooManyPolicies"
	// ReasonWebhookPending: the API server does not call the operator yet.
	ReasonWebhookPending = "WebhookPending"
	// ReasonConfigMapConflict: somebody else's ConfigMap has the name of the
	// policy's.
	ReasonConfigMapConflict = "ConfigMapConflict"
	// ReasonConfigMapNotWritten: the API server refuses the policy's ConfigMap.
	ReasonConfigMapNotWritten = "ConfigMapNotWritten"
)

// Reasons of Healthy, beside those of the others.
const (
	ReasonHealthy = "Healthy"
	// ReasonProxyEndsFirst: sidecars reach the database through a container of
	// their pod that ends before they have written what they hold.
	ReasonProxyEndsFirst = "ProxyEndsFirst"
)

// Reasons of Injected.
const (
	ReasonAllInjected = "AllInjected"
	ReasonNoPods      = "NoPods"
	// ReasonPodsNotCreated: the API server refuses pods of a workload that the
	// policy selects.
	ReasonPodsNotCreated = "PodsNotCreated"
	// ReasonPodsWithoutSidecar: pods were created before the policy, or while
	// the operator did not answer.
	ReasonPodsWithoutSidecar = "PodsWithoutSidecar"
	// ReasonInjectionRefused: pods that cannot be injected.
	ReasonInjectionRefused = "InjectionRefused"
	// ReasonPolicyConflict: an older policy has some of the selected pods.
	ReasonPolicyConflict = "PolicyConflict"
)

// Reasons of SidecarsReady.
const (
	ReasonAllRunning = "AllRunning"
	// ReasonStarting: sidecars have not started yet, and nothing is known to
	// keep them from it.
	ReasonStarting = "Starting"
	// ReasonImageUnavailable: the kubelet cannot get the sidecar's image.
	ReasonImageUnavailable = "ImageUnavailable"
	// ReasonOutOfMemory: the sidecar was killed at its memory limit.
	ReasonOutOfMemory = "OutOfMemory"
	// ReasonCrashLoop: the sidecar ends again and again.
	ReasonCrashLoop = "CrashLoop"
	// ReasonContainerRefused: the kubelet cannot create the sidecar's container.
	ReasonContainerRefused = "ContainerRefused"
	// ReasonVolumeMissing: a volume of the sidecar's is not to be had.
	ReasonVolumeMissing = "VolumeMissing"
	// ReasonConfigurationRefused: sidecars do not take the configuration that
	// they find, and run the one before it.
	ReasonConfigurationRefused = "ConfigurationRefused"
	// ReasonSettingsUnknown: sidecars are too old for some setting of the policy.
	ReasonSettingsUnknown = "SettingsUnknown"
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
	// ReasonInQuarantine: the database refused records for their data, and they
	// are kept apart.
	ReasonInQuarantine = "InQuarantine"
)

// Reasons of Peered.
const (
	ReasonPeered = "Peered"
	// ReasonNoPeers: one sidecar has all learners.
	ReasonNoPeers = "NoPeers"
	// ReasonPeersOff: peers.mode is Off.
	ReasonPeersOff = "PeersOff"
	// ReasonPeersUnknown: sidecars have not found each other yet, or are too old to
	// tell.
	ReasonPeersUnknown = "PeersUnknown"
	// ReasonPeersBlocked: sidecars do not reach each other.
	ReasonPeersBlocked = "PeersBlocked"
	// ReasonPeersNotRegistered: sidecars can't listen for others, or can't say so
	// in the database.
	ReasonPeersNotRegistered = "PeersNotRegistered"
	// ReasonMixedVersions: sidecars speak different versions of the protocol
	// between them.
	ReasonMixedVersions = "MixedVersions"
)

// Reasons of EventsDelivered.
const (
	ReasonDelivered = "Delivered"
	// ReasonNoReceiver: the policy has neither events.webhook nor events.xapi.
	ReasonNoReceiver = "NoReceiver"
	// ReasonWebhookUnknown: the sidecars have not said yet how it goes, or are too old
	// to tell.
	ReasonWebhookUnknown = "WebhookUnknown"
	// ReasonWebhookGone: the receiver answered 410 and is sent nothing any more.
	ReasonWebhookGone = "WebhookGone"
	// ReasonWebhookSecretMissing: the sidecars have no secret to sign with.
	ReasonWebhookSecretMissing = "WebhookSecretMissing"
	// ReasonWebhookSecretInvalid: the secret is none.
	ReasonWebhookSecretInvalid = "WebhookSecretInvalid"
	// ReasonWebhookUnreachable: the receiver does not answer.
	ReasonWebhookUnreachable = "WebhookUnreachable"
	// ReasonWebhookRefused: the receiver answers, and takes nothing.
	ReasonWebhookRefused = "WebhookRefused"
	// ReasonLRSUnknown is what WebhookUnknown is, of events.xapi. So are the next ones.
	ReasonLRSUnknown       = "LRSUnknown"
	ReasonLRSGone          = "LRSGone"
	ReasonLRSSecretMissing = "LRSSecretMissing"
	ReasonLRSSecretInvalid = "LRSSecretInvalid"
	ReasonLRSUnreachable   = "LRSUnreachable"
	ReasonLRSRefused       = "LRSRefused"
	// ReasonLRSDenied: the LRS does not know the credentials, or does not let them write.
	ReasonLRSDenied = "LRSDenied"
	// ReasonOutboxMissing: the tables with the events are missing, or the sidecars may
	// not use them.
	ReasonOutboxMissing = "OutboxMissing"
	// ReasonNoEventMark: the mapped table has no column without which there are no events.
	ReasonNoEventMark = "NoEventMark"
	// ReasonEventsStanding: no sidecar sends some of the events.
	ReasonEventsStanding = "EventsStanding"
	// ReasonEventsLate: events wait longer than anything known explains.
	ReasonEventsLate = "EventsLate"
	// ReasonEventsSetAside: the receiver refused events while it took others.
	ReasonEventsSetAside = "EventsSetAside"
)

// Reasons of several conditions.
const (
	// ReasonNoSidecars: nothing to ask.
	ReasonNoSidecars = "NoSidecars"
	// ReasonSidecarsUnreachable: no sidecar answers the operator.
	ReasonSidecarsUnreachable = "SidecarsUnreachable"
)
