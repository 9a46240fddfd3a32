package sidecar

import (
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"strings"
	"testing"
	"time"

	"github.com/progress-sync/progress-sync/sidecar/status"
	"github.com/progress-sync/progress-sync/test/kit"
	"github.com/progress-sync/progress-sync/test/kit/sidecar"
	pgtest "github.com/progress-sync/progress-sync/test/postgres"
)

const update = `{"userId":"u","courseId":"c","lessonId":"l","currentTime":30,"duration":60}`

// run runs a command of the sidecar's program to its end.
func run(t *testing.T, arguments ...string) (string, error) {
	t.Helper()
	output, err := exec.Command(kit.SidecarProgram(t), arguments...).CombinedOutput()
	return string(output), err
}

func TestTheSecretComesLater(t *testing.T) {
	t.Parallel()
	uri := pgtest.Database(t)
	p := newProcess(t, "", `{"sync":{"interval":"1s"}}`)
	p.start(t)
	p.post(t, update)
	failure := func(class string) func(status.Document) bool {
		return func(d status.Document) bool { return d.Sync.Error != nil && d.Sync.Error.Class == class }
	}
	p.await(t, "the missing Secret to show", failure("SecretMissing"))
	p.setURI(t, "postgres://me:hunter2@127.0.0.1:nowhere/x")
	p.await(t, "the broken Secret to show", failure("SecretInvalid"))
	p.setURI(t, "postgres://me:hunter2@127.0.0.1:1/x?schema=public&frobnicate=hunter2")
	p.await(t, "the parameter that nobody knows to be named", func(d status.Document) bool {
		return failure("SecretInvalid")(d) && strings.Contains(d.Sync.Error.Message, "a parameter frobnicate ")
	})
	p.setURI(t, strings.Replace(uri, "/test_", "/missing_test_", 1))
	p.await(t, "the missing database to show", failure("NoDatabase"))
	p.setURI(t, "\ufeff"+uri+"&schema=public&pool=5&pgbouncer=true\n")
	p.await(t, "the row to be written without a restart", func(d status.Document) bool {
		return d.Counters.RowsWritten == 1 && d.Sync.State == status.StateSynced
	})
	if strings.Contains(p.log(t), "hunter2") {
		t.Error("the log holds the password")
	}
}

func TestTheConfigurationIsFollowed(t *testing.T) {
	t.Parallel()
	p := newProcess(t, pgtest.Database(t), `{"policy":{"name":"lms","generation":1},"sync":{"interval":"30s"}}`)
	p.start(t)
	p.post(t, update)

	p.configure(t, `{"policy":{"generation":2},"sync":{"interval":"1s","batchSize":5000}}`)
	p.await(t, "the mistake to show, and the last good one to stay", func(d status.Document) bool {
		return d.PolicyGeneration == 1 && strings.Contains(d.ConfigError, "sync.batchSize is 5000")
	})
	if d := p.document(t); d.Counters.RowsWritten != 0 {
		t.Error("a configuration with a mistake took effect")
	}
	p.configure(t, `{"policy":{"name":"lms","generation":3},"sync":{"interval":"1s"},"ingest":{"maxItems":1}}`)
	p.await(t, "the new interval to take effect", func(d status.Document) bool {
		return d.PolicyGeneration == 3 && d.ConfigError == "" && d.Counters.RowsWritten == 1
	})
	if code, answer := p.do(t, "POST", "/v1/progress", "["+update+","+update+"]"); code != 413 {
		t.Errorf("%d %s", code, answer)
	}
}

func TestARestartWithABadConfigurationTakesTheLastGoodOne(t *testing.T) {
	t.Parallel()
	p := newProcess(t, "", `{"policy":{"name":"lms","generation":3},"ingest":{"maxItems":1}}`)
	p.start(t)
	p.Kill()
	p.configure(t, `{"sync":`)
	p.start(t)
	if code, answer := p.do(t, "POST", "/v1/progress", "["+update+","+update+"]"); code != 413 {
		t.Errorf("%d %s", code, answer)
	}
	if d := p.document(t); d.ConfigError == "" || d.PolicyGeneration != 3 || !d.Accepting {
		t.Errorf("%+v", d)
	}
}

// Deleting a policy takes the file away from under its pods.
func TestTheConfigurationOutlivesItsFile(t *testing.T) {
	t.Parallel()
	const policy = `{"policy":{"namespace":"campus","name":"lms","generation":%d,"createdAt":"2026-01-02T15:04:05Z"},"ingest":{"userHeader":"X-Progress-User"}}`
	p := newProcessWith(t, sidecar.Options{
		Configuration: fmt.Sprintf(policy, 2), Env: []string{"PROGRESS_SYNC_CONFIG=" + fmt.Sprintf(policy, 1)},
	})
	p.start(t)
	in := func(source string) func(status.Document) bool {
		return func(d status.Document) bool {
			return d.ConfigSource == source && d.PolicyGeneration == 2 && d.PolicyCreatedAt.Year() == 2026
		}
	}
	guarded := func() {
		t.Helper()
		if code, answer := p.do(t, "POST", "/v1/progress", update); code != http.StatusUnauthorized {
			t.Errorf("%d %s", code, answer)
		}
	}
	p.await(t, "the file", in("file"))
	guarded()
	if err := os.RemoveAll(p.File("config")); err != nil {
		t.Fatal(err)
	}
	p.await(t, "the file to be missed", in("kept"))
	guarded()
	p.Kill()
	p.start(t)
	p.await(t, "what was kept", in("kept"))
	guarded()
	p.configure(t, `{"mine": true}`)
	p.await(t, "somebody else's file to be told", func(d status.Document) bool {
		return in("kept")(d) && strings.Contains(d.ConfigError, "names no policy, and this pod was injected for policy campus/lms")
	})
	guarded()
	p.configure(t, fmt.Sprintf(policy, 2))
	p.await(t, "the file again", func(d status.Document) bool { return in("file")(d) && d.ConfigError == "" })
	guarded()
}

func TestTheProbeTellsHealthByItsExitCode(t *testing.T) {
	t.Parallel()
	p := newProcess(t, "", "")
	if output, err := run(t, "probe", "--status-listen="+p.Status()); err == nil || !strings.Contains(output, "connection refused") {
		t.Errorf("nothing runs: %v %s", err, output)
	}
	p.start(t)
	if output, err := run(t, "probe", "--status-listen="+p.Status()); err != nil || output != "" {
		t.Errorf("it runs: %v %s", err, output)
	}
}

func TestAShorterIntervalHoldsForWhatWasLoadedAtStart(t *testing.T) {
	t.Parallel()
	p := newProcess(t, pgtest.Database(t), `{"sync":{"interval":"1h"}}`)
	p.start(t)
	p.post(t, update)
	p.Kill()
	p.start(t)
	p.configure(t, `{"sync":{"interval":"1s"}}`)
	p.await(t, "the row to be written", func(d status.Document) bool { return d.Counters.RowsWritten == 1 })
}

func TestDebugLoggingIsSwitchedWhileItRuns(t *testing.T) {
	t.Parallel()
	p := newProcess(t, pgtest.Database(t), "")
	p.start(t)
	logs := func(text string) bool { return strings.Contains(p.log(t), text) }
	const line = `"msg":"Saved a batch"`
	p.post(t, update)
	saved(t, p)
	if logs(line) {
		t.Error("debug lines without being asked")
	}
	p.configure(t, `{"policy":{"generation":2},"logging":{"level":"debug"}}`)
	p.await(t, "the configuration", func(d status.Document) bool { return d.PolicyGeneration == 2 })
	p.post(t, update)
	saved(t, p)
	kit.Eventually(t, "a debug line", func() error { return kit.Unless(logs(line), "none") })
	if logs(`"u"`) {
		t.Error("the log names a learner")
	}
}

func TestItStartsWithABadConfiguration(t *testing.T) {
	t.Parallel()
	p := newProcess(t, pgtest.Database(t), `{"sync":`)
	p.start(t)
	p.post(t, update)
	if d := p.document(t); d.ConfigError == "" || !d.Accepting {
		t.Errorf("%+v", d)
	}
}

func TestReadsSeeWhatIsNotSavedYet(t *testing.T) {
	t.Parallel()
	p := newProcess(t, pgtest.Database(t), `{"sync":{"interval":"1h"}}`)
	p.start(t)
	read := func() (stale bool, record map[string]any) {
		t.Helper()
		_, answer := p.do(t, "GET", "/v1/progress?userId=u", "")
		var body struct {
			Stale    bool
			Progress []map[string]any
		}
		if err := json.Unmarshal([]byte(answer), &body); err != nil || len(body.Progress) != 1 {
			t.Fatalf("%v %s", err, answer)
		}
		return body.Stale, body.Progress[0]
	}
	p.post(t, update)
	saved(t, p)
	p.post(t, `{"userId":"u","courseId":"c","lessonId":"l","currentTime":10,"seekEvents":2}`)
	stale, record := read()
	if stale || record["saved"] != false || record["updateCount"] != 2.0 || record["positionSeconds"] != 10.0 || record["maxPositionSeconds"] != 30.0 {
		t.Errorf("stale %v, %v", stale, record)
	}
	if code, answer := p.do(t, "DELETE", "/v1/progress?userId=u&courseId=c&lessonId=l", ""); code != 200 {
		t.Fatal(code, answer)
	}
	if stale, record := read(); stale || record["updateCount"] != 0.0 || record["maxPositionSeconds"] != 0.0 {
		t.Errorf("after a reset: stale %v, %v", stale, record)
	}
	saved(t, p)
	if stale, record := read(); stale || record["saved"] != true || record["maxPositionSeconds"] != 0.0 {
		t.Errorf("after the reset was saved: stale %v, %v", stale, record)
	}
}

func TestBadUpdatesGetAProblemThatNamesTheField(t *testing.T) {
	t.Parallel()
	p := newProcess(t, "", "")
	p.start(t)
	for name, c := range map[string]struct {
		body string
		code int
		want string
	}{
		"no user":       {`{"courseId":"c","lessonId":"l"}`, 422, `"field":"userId"`},
		"negative time": {`{"userId":"u","courseId":"c","lessonId":"l","currentTime":-5}`, 422, `"field":"currentTime"`},
		"NaN":           {`{"userId":"u","courseId":"c","lessonId":"l","duration":NaN}`, 400, "byte 56"},
		"wrong type":    {`{"userId":7,"courseId":"c","lessonId":"l"}`, 422, `"field":"userId"`},
		"half a JSON":   {update[:20], 400, "ends too early"},
		"10 MB":         {strings.Repeat(" ", 10<<20), 413, "1048576 bytes"},
		"one bad item":  {"[" + update + `,{"userId":"u"}]`, 207, `"index":1`},
	} {
		t.Run(name, func(t *testing.T) {
			if code, answer := p.do(t, "POST", "/v1/progress", c.body); code != c.code || !strings.Contains(answer, c.want) {
				t.Errorf("%d %s", code, answer)
			}
		})
	}
	if d := p.document(t); d.Counters.UpdatesAccepted != 1 || d.Counters.UpdatesRejected != 7 {
		t.Errorf("%+v", d.Counters)
	}
}

func TestARefusedRecordIsSetAsideAndTheRestWritten(t *testing.T) {
	t.Parallel()
	uri := pgtest.Database(t)
	p := newProcess(t, uri, `{"sync":{"interval":"1h","batchSize":100}}`)
	p.start(t)
	p.post(t, update)
	saved(t, p) // and the table is there
	pgtest.Execute(t, pgtest.Connect(t, uri), "ALTER TABLE progress_sync.lesson_progress ADD CONSTRAINT plausible CHECK (seek_events < 1000)")
	var items []string
	for _, lesson := range "abcdefgh" {
		items = append(items, `{"userId":"u","courseId":"c","lessonId":"`+string(lesson)+`","seekEvents":5}`)
	}
	items[3] = strings.Replace(items[3], ":5}", ":5000}", 1)
	p.post(t, "["+strings.Join(items, ",")+"]")
	saved(t, p)
	p.await(t, "one dead letter and all other rows", func(d status.Document) bool {
		return d.DeadLetters.Count == 1 && d.Counters.RowsWritten == 8 && d.Sync.PendingUpdates == 0
	})
	// A learner is not told that it is saved.
	for lesson, want := range map[string]string{
		"d": `"status":"error","pendingUpdates":1,`, "e": `"status":"synced","pendingUpdates":0,`,
	} {
		if _, state := p.do(t, "GET", "/v1/sync?userId=u&lessonId="+lesson, ""); !strings.Contains(state, want) {
			t.Errorf("lesson %s: %s, want %s", lesson, state, want)
		}
	}
	// Neither is a person told that all is, by this process or the next one.
	whole := func() {
		t.Helper()
		if d := p.document(t); d.Sync.State != status.StateError || d.Sync.Error == nil || !strings.Contains(d.Sync.Error.Message, "refused 1 record for its data") {
			t.Errorf("%+v", d.Sync)
		}
		if _, state := p.do(t, "GET", "/v1/sync", ""); !strings.Contains(state, `"status":"error","pendingUpdates":0,`) || !strings.Contains(state, "GET /v1/dead-letters") {
			t.Error(state)
		}
		if code, answer := p.get(t, "/readyz"); code != http.StatusOK {
			t.Errorf("readyz: %d %s", code, answer)
		}
	}
	whole()
	if line := p.terminate(t); !strings.Contains(line, "9 updates were accepted; all are saved in Postgres but 1 records that it refused") {
		t.Errorf("the termination log says %q", line)
	}
	p.start(t)
	whole()
	if code, answer := p.do(t, "DELETE", "/v1/dead-letters/1", ""); code != http.StatusNoContent {
		t.Fatalf("%d %s", code, answer)
	}
	p.await(t, "all to be saved", func(d status.Document) bool { return d.Sync.State == status.StateSynced && d.Sync.Error == nil })
}

func TestMigrationsByHand(t *testing.T) {
	t.Parallel()
	uri := pgtest.Database(t)
	p := newProcess(t, uri, `{"sync":{"interval":"1s"},"database":{"migrations":"Manual"},"retry":{"initialDelay":"100ms","maxDelay":"500ms"}}`)
	p.start(t)
	p.post(t, update)
	p.await(t, "the missing schema to show", func(d status.Document) bool {
		return d.Sync.Error != nil && d.Sync.Error.Class == "SchemaMissing" && strings.Contains(d.Sync.Error.Message, "migrate --print")
	})
	sql, err := run(t, "migrate", "--print")
	if err != nil {
		t.Fatal(err)
	}
	pgtest.Execute(t, pgtest.Connect(t, uri), sql)
	p.await(t, "the row to be written", func(d status.Document) bool { return d.Counters.RowsWritten == 1 })
}

func TestTheCommandLineRefuses(t *testing.T) {
	t.Parallel()
	p := newProcess(t, "", "")
	p.start(t)
	for name, c := range map[string]struct {
		arguments []string
		want      string
	}{
		"an address that others can reach": {[]string{"run", "--listen=0.0.0.0:0", "--spool=" + p.File("other"), "--termination-log="}, "must be a loopback address"},
		"profiles for others":              {[]string{"run", "--pprof=:0", "--spool=" + p.File("other"), "--termination-log="}, "must be a loopback address"},
		"a spool that is in use": {[]string{"run", "--listen=127.0.0.1:0", "--status-listen=127.0.0.1:0", "--spool=" + p.File("spool"), "--termination-log="},
			p.File("spool")},
		"a port that is in use": {[]string{"run", "--listen=" + p.API(), "--status-listen=127.0.0.1:0", "--spool=" + p.File("third"), "--termination-log="},
			"address already in use"},
		"an unknown command": {[]string{"walk"}, "unknown command"},
		"a stray argument":   {[]string{"prestop", "now"}, "unexpected argument"},
		"prestop of nobody":  {[]string{"prestop", "--listen=" + kit.FreeAddress(t)}, "refused"},
	} {
		t.Run(name, func(t *testing.T) {
			output, err := run(t, c.arguments...)
			if err == nil || !strings.Contains(output, c.want) {
				t.Errorf("%v: %s", err, output)
			}
		})
	}
	if output, err := run(t, "version"); err != nil || output != "test\n" {
		t.Errorf("version: %v %q", err, output)
	}
}

func TestASlowClientIsCutOff(t *testing.T) {
	t.Parallel()
	p := newProcess(t, "", "")
	p.start(t)
	conn, err := net.Dial("tcp", p.API())
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	if _, err := io.WriteString(conn, "POST /v1/progress HTTP/1.1\r\nHost: localhost\r\nContent-"); err != nil {
		t.Fatal(err)
	}
	if err := conn.SetReadDeadline(time.Now().Add(kit.Patience)); err != nil {
		t.Fatal(err)
	}
	if _, err := io.ReadAll(conn); err != nil {
		t.Errorf("the connection was not closed: %v", err)
	}
}
