package postgres

import (
	"context"
	"strconv"
	"time"
)

// serverTimeout is the statement_timeout to ask for, in milliseconds: the given
// limit, or a little less than what is left until the context's deadline, so
// that the server has given up before the client does.
func serverTimeout(ctx context.Context, limit time.Duration) string {
	if deadline, ok := ctx.Deadline(); ok {
		left := time.Until(deadline)
		limit = min(limit, left-left/10)
	}
	return strconv.FormatInt(max(1, limit.Milliseconds()), 10)
}
