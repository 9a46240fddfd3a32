package postgres

const (
	queryCanceled      = "57014"
	lockNotAvailable   = "55P03"
	tooManyConnections = "53300"
)

// Connected reports whether a session with the database was had in spite of the
// failure.
func (f Failure) Connected() bool {
	switch f.Class {
	case Unreachable, Refused, NoDatabase, SecretMissing, SecretInvalid:
		return false
	case ShuttingDown:
		return f.SQLState == queryCanceled
	case Overloaded:
		return f.SQLState != tooManyConnections
	default:
		return true
	}
}

// OfOneTransaction reports whether the failure says nothing about how another
// transaction would fare: a deadlock, a lock that was not to be had, a statement
// that took too long.
func (f Failure) OfOneTransaction() bool {
	return f.Class == Conflict || f.TookTooLong() || f.SQLState == lockNotAvailable
}

// TookTooLong reports whether the database has given a statement up because of the
// time it took, and undone it.
func (f Failure) TookTooLong() bool { return f.SQLState == queryCanceled }

// MayBeOfTheRecord reports whether the failure may be the fault of what was to be
// written.
func (f Failure) MayBeOfTheRecord() bool { return f.Retry == Data || f.Retry == Suspect }
