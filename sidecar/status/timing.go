package status

import "time"

// Class is how the records of a class of lessons fare. Counters count since the
// process started.
type Class struct {
	Name string `json:"name"`
	// IntervalSeconds in use, stretched or shortened where the policy is adaptive;
	// with variants the longest of the arms.
	IntervalSeconds float64 `json:"intervalSeconds"`
	// PendingRecords wait for their window to end.
	PendingRecords int64 `json:"pendingRecords"`
	// OldestPendingSeconds is the age of the oldest of them, zero if there is none.
	OldestPendingSeconds float64    `json:"oldestPendingSeconds"`
	NextSyncAt           *time.Time `json:"nextSyncAt,omitempty"`
	RecordsSaved         int64      `json:"recordsSaved"`
	// SaveLag is from the acceptance of a record's first unsaved update to its save,
	// FinalLag from the last update of a record that then stays silent.
	SaveLag  Lag `json:"saveLag"`
	FinalLag Lag `json:"finalLag"`
}

// Variant is how the learners of one arm fare. Counters count since the process
// started, or since the draw has been another one: its seed, arms or weights.
type Variant struct {
	Name   string `json:"name"`
	Weight int    `json:"weight"`
	// Learners of whom an update was accepted, each once. With MoreLearners there are
	// more than the sidecar counts.
	Learners        int64 `json:"learners"`
	MoreLearners    bool  `json:"moreLearners,omitempty"`
	UpdatesAccepted int64 `json:"updatesAccepted"`
	// UpdatesSaved are those that RowsWritten rows were written for. The rows of a
	// batch are shared out by the records that each arm has in it, so that the arms add
	// up to the whole.
	UpdatesSaved int64 `json:"updatesSaved"`
	RowsWritten  int64 `json:"rowsWritten"`
	SaveLag      Lag   `json:"saveLag"`
	FinalLag     Lag   `json:"finalLag"`
}

// Lag counts records by how long something took. Lags of several sidecars add up.
type Lag struct {
	// Counts has how many took at most the bound of LagBounds at the same place, and
	// more than the one before; the last is of those beyond all bounds. Empty stands
	// for no record.
	Counts []int64 `json:"counts,omitempty"`
}

// Adaptive is what the database's latency tells.
type Adaptive struct {
	// Mode is Observe or On.
	Mode string `json:"mode"`
	// Factor by which all intervals are stretched, or would be; below 1 they are
	// shortened.
	Factor float64 `json:"factor"`
	// LatencySeconds is what 90 of a hundred single writes took at most, lately.
	LatencySeconds float64 `json:"latencySeconds"`
	// Reversals are how often the factor turned from rising to falling, or back.
	Reversals int64 `json:"reversals"`
}
