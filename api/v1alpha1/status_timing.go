package v1alpha1

import (
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

// SyncStatus tells how the writes go. An attempt is one transaction that was tried;
// one that is repeated counts again.
type SyncStatus struct {
	// syncFrequency is the number of transactions a minute, of all sidecars together:
	// each counts from its start to its last transaction, such as "12.5".
	//
	// +optional
	SyncFrequency string `json:"syncFrequency,omitempty"`
	// averageBatchSize in records, such as "42.1". Unset until a record was saved.
	//
	// +optional
	AverageBatchSize string `json:"averageBatchSize,omitempty"`
	// successRate is the share of attempts that succeeded, such as "99.9%".
	//
	// +optional
	SuccessRate string `json:"successRate,omitempty"`
	// averageRetries of a transaction, such as "0.02". Unset until one succeeded.
	//
	// +optional
	AverageRetries string `json:"averageRetries,omitempty"`
	// errorRate is the share of attempts that failed, such as "0.1%".
	//
	// +optional
	ErrorRate string `json:"errorRate,omitempty"`
}

// ClassStatus is how the records of a class of lessons fare.
type ClassStatus struct {
	// name of the class.
	Name string `json:"name"`
	// interval in use, the longest of all sidecars and arms, to five seconds.
	//
	// +optional
	Interval string `json:"interval,omitempty"`
	// pending records wait for their interval to end.
	//
	// +optional
	Pending int64 `json:"pending"`
	// oldestPendingTime is when the oldest of them was accepted.
	//
	// +optional
	OldestPendingTime *metav1.Time `json:"oldestPendingTime,omitempty"`
	// saved records since the sidecars' starts.
	//
	// +optional
	Saved int64 `json:"saved"`
	// saveLagP95 is the time from a record's first unsynced change to its save that 95 of a
	// hundred do not exceed. Unset until a record was saved.
	//
	// +optional
	SaveLagP95 string `json:"saveLagP95,omitempty"`
}

// VariantStatus is how the learners of an arm fare, since the sidecars' starts.
type VariantStatus struct {
	// name of the arm.
	Name string `json:"name"`
	// weight of the arm in the spec.
	//
	// +optional
	Weight int32 `json:"weight"`
	// learners of whom an update was accepted. One whose home moved is counted by both.
	//
	// +optional
	Learners int64 `json:"learners"`
	// updates that were accepted.
	//
	// +optional
	Updates int64 `json:"updates"`
	// rowsWritten in the database.
	//
	// +optional
	RowsWritten int64 `json:"rowsWritten"`
	// writeReduction as that of all updates.
	//
	// +optional
	WriteReduction string `json:"writeReduction,omitempty"`
	// saveLagP50 and saveLagP95 are the times from a record's first unsynced change to
	// its save that 50 and 95 of a hundred do not exceed.
	//
	// +optional
	SaveLagP50 string `json:"saveLagP50,omitempty"`
	// +optional
	SaveLagP95 string `json:"saveLagP95,omitempty"`
	// finalLagP50 and finalLagP95 are the same from the last update of a record that then
	// stays silent.
	//
	// +optional
	FinalLagP50 string `json:"finalLagP50,omitempty"`
	// +optional
	FinalLagP95 string `json:"finalLagP95,omitempty"`
}

// SampleRatioStatus compares the arms' learners with their weights.
type SampleRatioStatus struct {
	// mismatch: the numbers of learners are not those of a fair draw, so that the arms
	// must not be compared.
	//
	// +optional
	Mismatch bool `json:"mismatch"`
	// pValue is how likely a fair draw is that far off, or further, by a chi-square test,
	// such as "0.42"; below 0.001 it is a mismatch.
	//
	// +optional
	PValue string `json:"pValue,omitempty"`
}

// AdaptiveStatus tells by how much the intervals would be stretched.
type AdaptiveStatus struct {
	// mode that sidecars were given.
	//
	// +optional
	Mode AdaptiveMode `json:"mode,omitempty"`
	// minFactor and maxFactor of all sidecars, such as "1.0".
	//
	// +optional
	MinFactor string `json:"minFactor,omitempty"`
	// +optional
	MaxFactor string `json:"maxFactor,omitempty"`
}
