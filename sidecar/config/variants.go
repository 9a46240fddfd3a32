package config

// Variants are settings that are compared with each other: each learner has those
// of one arm. None if there are no arms.
type Variants struct {
	// Seed of the draw: another one draws anew. 1 to 64 characters.
	Seed string `json:"seed,omitempty"`
	// Arms are 2 to 4, or none.
	Arms []Arm `json:"arms,omitempty"`
}

// Arm is one of the variants.
type Arm struct {
	// Name in metrics, answers and the status; a DNS label.
	Name string `json:"name"`
	// Weight of the arm among all; 1 to 1000.
	Weight int `json:"weight"`
	// Sync has what the arm has of its own.
	Sync ArmSync `json:"sync,omitzero"`
}

// ArmSync replaces settings of Sync that are of a key. A setting that is nil is
// that of Sync. What a class says for itself holds in all arms.
type ArmSync struct {
	Interval        *Duration    `json:"interval,omitempty"`
	QuietPeriod     *QuietPeriod `json:"quietPeriod,omitempty"`
	FlushOnComplete *bool        `json:"flushOnComplete,omitempty"`
	LeaveGrace      *Duration    `json:"leaveGrace,omitempty"`
}
