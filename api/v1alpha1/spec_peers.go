package v1alpha1

import (
	"encoding/json"
	"fmt"
)

// PeersMode says whether sidecars hand on to each other.
// In JSON false is Off, too.
type PeersMode string

const (
	// PeersAuto gives each learner one home among the sidecars of a database.
	PeersAuto PeersMode = "Auto"
	// PeersOff lets each sidecar keep and write what its own pod gets.
	PeersOff PeersMode = "Off"
)

// UnmarshalJSON reads false as PeersOff: YAML 1.1, which kubectl reads, takes a bare Off
// for false.
func (m *PeersMode) UnmarshalJSON(data []byte) error {
	if string(data) == "false" {
		*m = PeersOff
		return nil
	}
	var text string
	if err := json.Unmarshal(data, &text); err != nil {
		return fmt.Errorf("peers.mode is Auto or Off: %w", err)
	}
	*m = PeersMode(text)
	return nil
}

// PeersSpec says whether, and where, sidecars hand on to each other.
type PeersSpec struct {
	// mode Auto gives each learner one home: the sidecar that keeps and writes
	// what the learner does, and to which all others hand it on. Off lets each sidecar
	// write what its own pod gets, which is enough where the requests of a learner go
	// to one pod. A change reaches running sidecars without a restart. YAML takes a
	// bare Off for false, which means the same.
	//
	// +optional
	// +kubebuilder:default=Auto
	// +kubebuilder:validation:Schemaless
	// +kubebuilder:validation:Enum=Auto;Off;false
	// +kubebuilder:pruning:PreserveUnknownFields
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
