package run

import (
	"io"
	"log/slog"
	"math"

	"github.com/go-logr/logr"

	"github.com/progress-sync/progress-sync/sidecar/config"
)

// logging writes JSON lines of a level that can be changed.
type logging struct {
	level   *slog.LevelVar
	handler slog.Handler
	log     logr.Logger
}

func newLogging(w io.Writer) *logging {
	level := new(slog.LevelVar)
	handler := slog.NewJSONHandler(w, &slog.HandlerOptions{Level: level})
	return &logging{level: level, handler: handler, log: logr.FromSlogHandler(handler)}
}

// set follows the configuration; debug shows every V of logr.
func (l *logging) set(level config.LogLevel) {
	if level == config.LogDebug {
		l.level.Set(math.MinInt8)
		return
	}
	l.level.Set(slog.LevelInfo)
}
