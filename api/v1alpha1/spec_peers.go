package v1alpha1

// PeersMode says whether sidecars hand on to each other.
//
// +kubebuilder:validation:Enum=Auto;Off
type PeersMode string

const (
	// PeersAuto gives each learner one home among the sidecars of a database.
	PeersAuto PeersMode = "Auto"
	// PeersOff lets each sidecar keep and write what its own pod gets.
	PeersOff PeersMode = "Off"
)

// PeersSpec says whether, and where, sidecars hand on to each other.
type PeersSpec struct {
	// mode Auto gives each learner one home: the sidecar that keeps and writes
	// what the learner does, and to which all others hand it on. "Off" (in quotes:
	// YAML takes a bare Off for false) lets each sidecar write what its own pod
	// gets, which is enough where the requests of a learner go to one pod. A change
	// reaches running sidecars without a restart.
	//
	// +optional
	// +kubebuilder:default=Auto
	Mode PeersMode `json:"mode,omitempty"`

	// port on the pod's own address where a sidecar takes what others hand on,
	// 1024 to 65535, but neither 9787 nor injection.port. A change takes effect in
	// pods created after it. A pod that uses the port itself has a sidecar
	// without peers.
	//
	// +optional
	// +kubebuilder:default=9788
	// +kubebuilder:validation:XValidation:rule="self >= 1024 && self <= 65535 && self != 9787",message="port must be from 1024 to 65535, and not 9787, where the sidecar serves its status"
	Port int32 `json:"port,omitempty"`
}
