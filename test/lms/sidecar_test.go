package main

import (
	"fmt"
	"testing"
	"time"

	"github.com/progress-sync/progress-sync/test/kit"
	"github.com/progress-sync/progress-sync/test/kit/sidecar"
	"github.com/progress-sync/progress-sync/test/lms/classroom"
	"github.com/progress-sync/progress-sync/test/lms/player"
	"github.com/progress-sync/progress-sync/test/lms/report"
	pgtest "github.com/progress-sync/progress-sync/test/postgres"
	"github.com/progress-sync/progress-sync/test/truth"
)

func TestMain(m *testing.M) { pgtest.Main(m) }

const configuration = `{"sync": {"interval": "1s", "batchSize": 10, "flushOnComplete": true, "completionThresholdPercent": 95}}`

func TestEveryAcknowledgedUpdateIsSavedOnceWhereverTheSidecarIsKilled(t *testing.T) {
	database := pgtest.Database(t)
	s := kit.NewSidecar(t, sidecar.Options{URI: database, Configuration: configuration})
	if err := s.Start(t.Context()); err != nil {
		t.Fatal(err)
	}

	account := truth.NewAccount()
	class := classroom.New(classroom.Options{
		Name: "pod", Recorder: inMemory{account}, Sender: report.NewClient(s.URL(""), s.Client), Timeout: requestTimeout,
	})
	defer class.Stop()
	syllabus := player.Usual()
	syllabus.ShortestLesson, syllabus.LongestLesson = 200, 600
	pace := classroom.Pace{Syllabus: syllabus, Factor: 250}
	var states []player.State
	for i := range 30 {
		states = append(states, player.New(fmt.Sprintf("learner-%02d", i), uint64(i), syllabus))
	}
	if err := class.Start(t.Context(), pace, states...); err != nil {
		t.Fatal(err)
	}
	more := func(target int64) {
		t.Helper()
		kit.EventuallyWithin(t, time.Minute, "1200 more updates", func() error {
			stats := class.Stats()
			return kit.Unless(stats.Acknowledged >= target, stats)
		})
	}
	const kills = 6
	for range kills {
		before := class.Stats().Acknowledged
		more(before + 1200)
		s.Kill()
		if err := s.Start(t.Context()); err != nil {
			t.Fatal(err)
		}
	}
	before := class.Stats().Acknowledged
	more(before + 1200)
	class.Stop()
	if err := s.Sync(t.Context()); err != nil {
		t.Fatal(err)
	}
	if err := s.Stop(); err != nil {
		t.Errorf("the sidecar ended with %v", err)
	}

	conn := pgtest.Connect(t, database)
	rows, err := truth.ReadRows(t.Context(), conn, truth.OwnTable)
	if err != nil {
		t.Fatal(err)
	}
	result := account.Verify(rows, truth.Options{CompletionThresholdPercent: 95})
	t.Logf("%d keys, %d updates acknowledged, %d uncertain, stats %+v", result.Keys, result.Acknowledged, result.Uncertain, class.Stats())
	if err := result.Err(); err != nil {
		t.Error(err)
	}
	pgtest.Execute(t, conn, "UPDATE progress_sync.lesson_progress SET update_count = update_count + 1 WHERE user_id = 'learner-07'")
	rows, err = truth.ReadRows(t.Context(), conn, truth.OwnTable)
	if err != nil {
		t.Fatal(err)
	}
	if account.Verify(rows, truth.Options{CompletionThresholdPercent: 95}).Err() == nil {
		t.Error("a row that was tampered with was found to be right")
	}
}
