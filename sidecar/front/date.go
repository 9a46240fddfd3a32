package front

import (
	"net/http"
	"sync/atomic"
	"time"
)

// date is the text of the current second.
type date struct{ last atomic.Pointer[dated] }

type dated struct {
	second int64
	text   []byte
}

func (d *date) at(now time.Time) []byte {
	second := now.Unix()
	if last := d.last.Load(); last != nil && last.second == second {
		return last.text
	}
	next := &dated{second, now.UTC().AppendFormat(nil, http.TimeFormat)}
	d.last.Store(next)
	return next.text
}
