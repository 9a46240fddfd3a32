package outbox

import (
	"encoding/base64"
	"errors"
	"fmt"
	"math"
	"regexp"
	"time"

	"github.com/progress-sync/progress-sync/sidecar/postgres"
)

// ErrCursor says that a text is no cursor of an answer before.
var ErrCursor = errors.New("not a cursor of an answer before")

const cursorFormat = "1 %d %d %d %s"

var life = regexp.MustCompile(`^[0-9a-f]{16}$`)

// cursorOf is a place as clients have it. They must not look into it.
func cursorOf(p postgres.EventPlace) string {
	return base64.RawURLEncoding.EncodeToString(fmt.Appendf(nil, cursorFormat, p.Xid, p.Seq, p.AsOf.UnixMicro(), p.Life))
}

// placeOf is the place of a cursor; the empty one is before the first event.
func placeOf(cursor string) (postgres.EventPlace, error) {
	if cursor == "" {
		return postgres.EventPlace{}, nil
	}
	text, err := base64.RawURLEncoding.DecodeString(cursor)
	if err != nil {
		return postgres.EventPlace{}, ErrCursor
	}
	var p postgres.EventPlace
	var asOf int64
	if _, err := fmt.Sscanf(string(text), cursorFormat, &p.Xid, &p.Seq, &asOf, &p.Life); err != nil {
		return postgres.EventPlace{}, ErrCursor
	}
	p.AsOf = time.UnixMicro(asOf)
	// Postgres has no time beyond these.
	if p.Seq < 0 || !life.MatchString(p.Life) || asOf <= 0 || asOf > math.MaxInt64/1000 || cursorOf(p) != cursor {
		return postgres.EventPlace{}, ErrCursor
	}
	return p, nil
}
