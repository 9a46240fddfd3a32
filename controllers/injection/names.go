package injection

// What an injected pod is known by.
const (
	// ContainerName of the sidecar.
	ContainerName = "progress-sync"
	// AnnotationPolicy names the policy that injected the pod.
	AnnotationPolicy = "progresssync.dev/policy"
	// AnnotationTemplateHash is the TemplateHash that the pod was injected from.
	AnnotationTemplateHash = "progresssync.dev/template-hash"
	// AnnotationInject opts a pod out when it is "false".
	AnnotationInject = "progresssync.dev/inject"
	// AnnotationOrder puts the sidecar last among the init containers when it is
	// "last", so that it does not run beside them.
	AnnotationOrder = "progresssync.dev/order"
	// LabelInjected is "true" on injected pods.
	LabelInjected = "progresssync.dev/injected"

	annotationDefaultContainer = "kubectl.kubernetes.io/default-container"
)

// Names of the sidecar's volumes.
const (
	VolumeConfig   = "progress-sync-config"
	VolumeDatabase = "progress-sync-database"
	VolumeSpool    = "progress-sync-spool"
)

// Where the sidecar finds its files.
const (
	configDir   = "/etc/progress-sync/config"
	databaseDir = "/etc/progress-sync/database"
	spoolDir    = "/var/lib/progress-sync"

	// ConfigKey of the policy's ConfigMap.
	ConfigKey = "config.json"
	// uriFile is where the connection URI lies, whatever its key is called.
	uriFile = "uri"
)

// StatusPort is where a sidecar answers the pod network, read-only.
const StatusPort = 9787

// URLVariable tells the app where its sidecar is.
const URLVariable = "PROGRESS_SYNC_URL"

// ConfigMapName of a policy.
func ConfigMapName(policy string) string { return "progress-sync-" + policy }
