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
	// AnnotationOrder is a v1alpha1.Order, in any case, for this pod alone.
	AnnotationOrder = "progresssync.dev/order"
	// LabelInjected is "true" on injected pods.
	LabelInjected = "progresssync.dev/injected"

	// AnnotationUserRange is on the namespaces of OpenShift: the user ids that it
	// assigns to their pods.
	AnnotationUserRange = "openshift.io/sa.scc.uid-range"

	annotationDefaultContainer = "kubectl.kubernetes.io/default-container"
	// annotationSafeVolumes lists volumes of the pod, with commas between them,
	// that do not keep the cluster autoscaler from evicting it.
	annotationSafeVolumes = "cluster-autoscaler.kubernetes.io/safe-to-evict-local-volumes"
)

// Names of the sidecar's volumes.
const (
	VolumeConfig   = "progress-sync-config"
	VolumeDatabase = "progress-sync-database"
	VolumeSpool    = "progress-sync-spool"
	// VolumeWebhook is there where the policy has a webhook.
	VolumeWebhook = "progress-sync-webhook"
	// VolumeXAPI is there where the policy has an LRS.
	VolumeXAPI = "progress-sync-xapi"
	// VolumeNoToken is empty, and lies where the pod's token would.
	VolumeNoToken = "progress-sync-no-token"
)

// IsOwnVolume says whether the name is one of the sidecar's volumes.
func IsOwnVolume(name string) bool {
	switch name {
	case VolumeConfig, VolumeDatabase, VolumeSpool, VolumeWebhook, VolumeXAPI, VolumeNoToken:
		return true
	}
	return false
}

// Where the sidecar finds its files.
const (
	configDir   = "/etc/progress-sync/config"
	databaseDir = "/etc/progress-sync/database"
	spoolDir    = "/var/lib/progress-sync"
	// webhookDir and xapiDir are where sidecars look for the webhook's secret and the
	// LRS's credentials unless they are told otherwise. A flag would keep an older sidecar
	// of injection.image from starting.
	webhookDir = "/etc/progress-sync/webhook"
	xapiDir    = "/etc/progress-sync/xapi"
	// tokenDir is where the API server mounts the token of the pod's account into
	// every container that has nothing there.
	tokenDir = "/var/run/secrets/kubernetes.io/serviceaccount" //nolint:gosec // G101: a path, which says where a token is kept away from

	// ConfigKey of the policy's ConfigMap.
	ConfigKey = "config.json"
	// uriFile is where the connection URI lies, whatever its key is called.
	uriFile = "uri"
	// secretFile and previousFile are where the webhook's secrets lie, whatever their
	// keys are called.
	secretFile   = "secret"
	previousFile = "previous"
	// usernameFile, passwordFile and authorizationFile are the same of the LRS.
	usernameFile      = "username"
	passwordFile      = "password"
	authorizationFile = "authorization"
)

// StatusPort is where a sidecar answers the pod network, read-only.
const StatusPort = 9787

// URLVariable tells the app where its sidecar is.
const URLVariable = "PROGRESS_SYNC_URL"

// ConfigVariable of the sidecar holds the configuration that the pod was created
// with, so that its settings hold until there is a file, and where none comes.
const ConfigVariable = "PROGRESS_SYNC_CONFIG"

// ConfigMapName of a policy.
func ConfigMapName(policy string) string { return "progress-sync-" + policy }
