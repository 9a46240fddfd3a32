package run

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/progress-sync/progress-sync/test/kit"
	pgtest "github.com/progress-sync/progress-sync/test/postgres"
)

// One row of the table is one lesson of the answer, whatever the keys of its
// updates, be they saved, waiting or both.
func TestWhatSharesARowIsReadAsOneLesson(t *testing.T) {
	server := pgtest.Private(t, pgtest.Options{Config: pgtest.Relaxed()})
	if err := server.Exec(t.Context(), "postgres", `CREATE TABLE progress (learner integer, chapter integer, spent double precision, seeks integer,
		PRIMARY KEY (learner, chapter))`); err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	for name, content := range map[string]string{
		"uri": server.URI("postgres", "postgres"),
		"config.json": `{"sync":{"interval":"1h"},"database":{"mapping":{"table":"progress","keyColumns":{"userId":"learner","lessonId":"chapter"},
			"columns":{"timeSpentSeconds":"spent","seekEvents":"seeks"}}}}`,
	} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(content), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	address := kit.FreeAddress(t)
	ctx, stop := context.WithCancel(context.Background())
	done := make(chan error, 1)
	go func() {
		done <- Run(ctx, Options{
			Version: "test", ConfigFile: filepath.Join(dir, "config.json"), DatabaseURIFile: filepath.Join(dir, "uri"), Spool: filepath.Join(dir, "spool"),
			Listen: address, StatusListen: "127.0.0.1:0", GracePeriod: 2 * time.Second, Log: &safeBuffer{},
		})
	}()
	client := &http.Client{}
	call := func(method, path, body string) (int, []byte) {
		request, err := http.NewRequest(method, "http://"+address+path, strings.NewReader(body))
		if err != nil {
			t.Fatal(err)
		}
		request.Header.Set("Content-Type", "application/json")
		response, err := client.Do(request)
		if err != nil {
			return 0, nil // it starts
		}
		content, err := io.ReadAll(response.Body)
		if err != nil {
			t.Fatal(err)
		}
		closeBody(t, response)
		return response.StatusCode, content
	}
	post := func(user, course, lesson string, delta float64) int {
		status, _ := call(http.MethodPost, "/v1/progress", fmt.Sprintf(
			`{"userId":%q,"courseId":%q,"lessonId":%q,"watchedDelta":%v,"seekEvents":1}`, user, course, lesson, delta))
		return status
	}
	kit.Eventually(t, "the sidecar accepts an update", func() error {
		status := post("7", "a", "007", 1)
		return kit.Unless(status == http.StatusOK, status)
	})
	read := func(query string) (lines []string) {
		t.Helper()
		type answer struct {
			Stale    bool
			Progress []struct {
				UserID, CourseID, LessonID string
				TimeSpent                  float64 `json:"timeSpentSeconds"`
				SeekEvents                 int
			}
		}
		var got answer
		kit.Eventually(t, "the answer is not stale", func() error {
			status, content := call(http.MethodGet, "/v1/progress?"+query, "")
			got = answer{}
			if err := json.Unmarshal(content, &got); err != nil || status != http.StatusOK {
				t.Fatalf("%d %v: %s", status, err, content)
			}
			return kit.Unless(!got.Stale, string(content))
		})
		for _, p := range got.Progress {
			lines = append(lines, fmt.Sprintf("%s/%s/%s %v s %d seeks", p.UserID, p.CourseID, p.LessonID, p.TimeSpent, p.SeekEvents))
		}
		return lines
	}
	expect := func(query string, want ...string) {
		t.Helper()
		if diff := cmp.Diff(want, read(query)); diff != "" {
			t.Errorf("%s (-want +got):\n%s", query, diff)
		}
	}
	sync := func() {
		t.Helper()
		if status, content := call(http.MethodPost, "/v1/sync", ""); status != http.StatusOK {
			t.Fatalf("%d: %s", status, content)
		}
	}
	// Two keys of one row, nothing of it saved.
	post("7", "b", "7", 2)
	expect("userId=7", "7/b/7 3 s 2 seeks")
	expect("userId=7&courseId=a&lessonId=007", "7/a/007 3 s 2 seeks")
	sync()
	var row string
	conn := pgtest.Connect(t, server.URI("postgres", "postgres"))
	if err := conn.QueryRow(t.Context(), "SELECT string_agg(format('%s %s %s %s', learner, chapter, spent, seeks), ';') FROM progress").Scan(&row); err != nil || row != "7 7 3 2" {
		t.Errorf("the row is %q, %v", row, err)
	}
	// Part of it saved, part of it waiting, under other forms.
	post("7", "c", "07", 4)
	post("7", "c", "8", 8)
	expect("userId=7", "7/c/07 7 s 3 seeks", "7/c/8 8 s 1 seeks")
	expect("userId=007&lessonId=7", "007//7 3 s 2 seeks")
	expect("userId=7&courseId=a&lessonId=7", "7/a/7 7 s 3 seeks")
	sync()
	expect("userId=7&courseId=z", "7/z/7 7 s 3 seeks", "7/z/8 8 s 1 seeks")
	expect("userId=7&lessonId=intro")
	if status, content := call(http.MethodDelete, "/v1/users/007", ""); status != http.StatusOK {
		t.Errorf("%d: %s", status, content)
	}
	expect("userId=7")
	client.CloseIdleConnections()
	stop()
	if err := <-done; err != nil {
		t.Error(err)
	}
}
