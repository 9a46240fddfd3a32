package postgres

// Class says what is wrong with the database, in one word.
type Class string

const (
	Unreachable   Class = "Unreachable"
	Refused       Class = "Refused"
	NoDatabase    Class = "NoDatabase"
	SchemaMissing Class = "SchemaMissing"
	SchemaTooNew  Class = "SchemaTooNew"
	NoPrivilege   Class = "NoPrivilege"
	SecretMissing Class = "SecretMissing"
	SecretInvalid Class = "SecretInvalid"
	Conflict      Class = "Conflict"
	Overloaded    Class = "Overloaded"
	ReadOnly      Class = "ReadOnly"
	ShuttingDown  Class = "ShuttingDown"
	BadData       Class = "BadData"
	// NotWritten: Postgres reported success and the row is not as it should be.
	NotWritten Class = "NotWritten"
	// TableExhausted: the table can take no new row, whatever is in it.
	TableExhausted Class = "TableExhausted"
	// Unsupported: Postgres can't do what the sidecar asks, with this table.
	Unsupported Class = "Unsupported"
	Other       Class = "Other"
)

// Retry says what to do after a failure.
type Retry int

const (
	// Transient passes by itself: try again soon.
	Transient Retry = iota + 1
	// Hold lasts until a person has mended the cause: keep everything, and try
	// again from time to time.
	Hold
	// Data is refused for what it is: the same batch will fail each time.
	Data
	// Suspect is refused by a trigger or a policy, which may mean the record or
	// everybody.
	Suspect
)

func (r Retry) String() string {
	switch r {
	case Transient:
		return "transient"
	case Hold:
		return "hold"
	case Data:
		return "data"
	case Suspect:
		return "suspect"
	default:
		return "none"
	}
}

// Kinds of failures as the API names them.
const (
	KindNetwork    = "network"
	KindServer     = "server"
	KindValidation = "validation"
	KindRateLimit  = "rate_limit"
)

// Failure is what a person may know of an error: nothing of a learner and
// nothing of a connection string is in it.
type Failure struct {
	Class Class
	// SQLState and Constraint are the server's, empty if it didn't say.
	SQLState   string
	Constraint string
	// Kind is network, server, validation or rate_limit.
	Kind string
	// Message says what is wrong and what to do next.
	Message string
	Retry   Retry
}
