package main

import (
	"bufio"
	"context"
	"errors"
	"net/http"
	"net/http/httptest"
	"os"
	"regexp"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/progress-sync/progress-sync/test/lms/classroom"
	"github.com/progress-sync/progress-sync/test/lms/control"
	"github.com/progress-sync/progress-sync/test/lms/player"
	"github.com/progress-sync/progress-sync/test/truth"
	"github.com/progress-sync/progress-sync/test/truth/collector"
)

func TestOnTerminationTheLastAnswersAreInTheAccount(t *testing.T) {
	var taken atomic.Int64
	enough := make(chan struct{})
	sidecar := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		if taken.Add(1) == 200 {
			close(enough)
		}
		w.WriteHeader(http.StatusNoContent)
	}))
	defer sidecar.Close()
	account := truth.NewAccount()
	keeper := httptest.NewServer(collector.Handler(account))
	defer keeper.Close()

	read, write, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = read.Close() }()
	ctx, terminate := context.WithCancel(t.Context())
	ended := make(chan error, 1)
	go func() {
		defer func() { _ = write.Close() }()
		ended <- run(ctx, environment{name: "pod", sidecarURL: sidecar.URL, truthURL: keeper.URL, listen: "127.0.0.1:0"}, write)
	}()
	lines := bufio.NewScanner(read)
	if !lines.Scan() {
		t.Fatal("it said nothing")
	}
	address := regexp.MustCompile(`127\.0\.0\.1:\d+`).FindString(lines.Text())
	driver := &http.Client{Transport: &http.Transport{}}
	defer driver.CloseIdleConnections()
	err = control.NewClient("http://"+address, driver).Start(t.Context(), control.Start{
		Pace: classroom.Pace{Syllabus: player.Usual(), Factor: 2000}, Count: 10, Name: "learner",
	})
	if err != nil {
		t.Fatal(err)
	}
	<-enough
	terminate()
	if !lines.Scan() || !strings.Contains(lines.Text(), "stopped 10 learners") {
		t.Errorf("it said %q", lines.Text())
	}
	if err := <-ended; err != nil {
		t.Error(err)
	}
	if got := account.Counts(); got.Acknowledged != taken.Load() || got.Uncertain != 0 {
		t.Errorf("%d taken, account %+v", taken.Load(), got)
	}
}

func TestReadEnvironment(t *testing.T) {
	host := func() (string, error) { return "host-1", nil }
	tests := map[string]struct {
		vars map[string]string
		want environment
		bad  bool
	}{
		"a pod without a sidecar is told so": {vars: nil, bad: true},
		"a pod of learners needs no sidecar": {
			vars: map[string]string{"LMS_URL": "http://10.0.0.1:8090"},
			want: environment{name: "host-1", lmsURL: "http://10.0.0.1:8090", listen: ":8080"},
		},
		"the rest has defaults": {
			vars: map[string]string{"PROGRESS_SYNC_URL": "http://127.0.0.1:8787"},
			want: environment{name: "host-1", sidecarURL: "http://127.0.0.1:8787", listen: ":8080"},
		},
		"all of it can be set": {
			vars: map[string]string{"PROGRESS_SYNC_URL": "http://x", "POD_NAME": "lms-0", "TRUTH_URL": "http://t", "LISTEN": ":1"},
			want: environment{name: "lms-0", sidecarURL: "http://x", truthURL: "http://t", listen: ":1"},
		},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			got, err := readEnvironment(func(k string) string { return tt.vars[k] }, host)
			if (err != nil) != tt.bad || !tt.bad && got != tt.want {
				t.Errorf("got %+v, %v", got, err)
			}
		})
	}
	nameless := func() (string, error) { return "", errors.New("no host name") }
	if _, err := readEnvironment(func(k string) string { return map[string]string{"PROGRESS_SYNC_URL": "x"}[k] }, nameless); err == nil {
		t.Error("a process without a name was started")
	}
}
