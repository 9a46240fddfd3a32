package run

import (
	"context"
	"time"

	"github.com/progress-sync/progress-sync/sidecar/config"
	"github.com/progress-sync/progress-sync/sidecar/postgres"
	"github.com/progress-sync/progress-sync/sidecar/stats"
	"github.com/progress-sync/progress-sync/sidecar/stats/recent"
)

const (
	// reportConnections are one for the statistics of a course, of which one is worked
	// out at a time, and one for what is quick.
	reportConnections = 2
	// reportTimeout bounds the statistics of a course in the database.
	reportTimeout = 10 * time.Second
)

// statistics asks the database on connections of its own, so that no report takes those
// of the writes. They are opened when they are first needed.
type statistics struct {
	*postgres.Database
	courses *recent.Courses
}

func newStatistics(c config.Config, uri func() (string, error)) statistics {
	db := postgres.New(reportOptions(c, uri))
	return statistics{Database: db, courses: recent.New(db.CourseLessons, time.Now)}
}

// CourseLessons may be a little old.
func (s statistics) CourseLessons(ctx context.Context, courseID string) (stats.CourseLessons, error) {
	return s.courses.Get(ctx, courseID)
}

// Close closes the connections too.
func (s statistics) Close() {
	s.courses.Close()
	s.Database.Close()
}

// reportOptions is the part of the configuration that statistics follow.
func reportOptions(c config.Config, uri func() (string, error)) postgres.Options {
	o := databaseOptions(c, uri)
	o.MaxConnections, o.StatementTimeout, o.ApplicationName = reportConnections, reportTimeout, "progress-sync reports"
	return o
}
