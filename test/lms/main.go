package main

import (
	"cmp"
	"context"
	"errors"
	"flag"
	"fmt"
	"net"
	"net/http"
	"os"
	"os/signal"
	"sync"
	"syscall"
	"time"

	"github.com/progress-sync/progress-sync/test/lms/classroom"
	"github.com/progress-sync/progress-sync/test/lms/control"
	"github.com/progress-sync/progress-sync/test/truth"
	"github.com/progress-sync/progress-sync/test/truth/collector"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGTERM, syscall.SIGINT)
	defer stop()
	env, err := readEnvironment(os.Getenv, os.Hostname)
	flag.StringVar(&env.web, "web", "", "address at which learners find the LMS, such as :8000; without it there are simulated learners only")
	flag.StringVar(&env.assets, "assets", "/assets", "folder with what test/lms/web/bundle has built")
	flag.DurationVar(&env.interval, "interval", 0, "how often a page sends what is watched; 10s if it is 0")
	flag.Parse()
	if err == nil {
		err = run(ctx, env, os.Stdout)
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, "lms:", err)
		os.Exit(1)
	}
}

// environment is what the pod tells the process.
type environment struct {
	name, sidecarURL, truthURL, listen string
	// lmsURL is of a Service in front of the LMS, for a pod that has simulated learners
	// and no sidecar; appListen is where the LMS's pods listen for them.
	lmsURL, appListen string
	// userHeader is empty where the policy names none.
	userHeader, sessionKey string
	// web is where learners find the LMS, assets are the scripts of its pages.
	web, assets string
	// interval of the pages between two requests, 0 for the usual one.
	interval time.Duration
	// linger is how long learners go on after SIGTERM, as those of an app do that
	// finishes its requests first.
	linger time.Duration
}

func readEnvironment(getenv func(string) string, hostname func() (string, error)) (environment, error) {
	env := environment{
		name: getenv("POD_NAME"), sidecarURL: getenv("PROGRESS_SYNC_URL"),
		truthURL: getenv("TRUTH_URL"), listen: getenv("LISTEN"),
		userHeader: getenv("USER_HEADER"), sessionKey: getenv("SESSION_KEY"),
		lmsURL: getenv("LMS_URL"), appListen: getenv("APP_LISTEN"),
	}
	if env.sidecarURL == "" && env.lmsURL == "" {
		return env, errors.New("PROGRESS_SYNC_URL is not set: is the sidecar injected? It is set in pods that a ProgressSyncPolicy selects")
	}
	if env.listen == "" {
		env.listen = ":8080"
	}
	if text := getenv("LINGER"); text != "" {
		linger, err := time.ParseDuration(text)
		if err != nil {
			return env, fmt.Errorf("reading LINGER, such as 3s: %w", err)
		}
		env.linger = linger
	}
	if env.name == "" {
		host, err := hostname()
		if err != nil {
			return env, fmt.Errorf("naming this process: %w", err)
		}
		env.name = host
	}
	return env, nil
}

// requestTimeout of an update is long, since giving one up leaves it uncertain.
const requestTimeout = 10 * time.Second

func run(ctx context.Context, env environment, out *os.File) error {
	// What is under way may still end after the signal, for so long.
	const lastWrites = 15 * time.Second
	working, cut := context.WithCancel(context.WithoutCancel(ctx))
	defer cut()

	transport, anyPod := toSidecar(), toService()
	defer transport.CloseIdleConnections()

	var tasks sync.WaitGroup
	defer tasks.Wait()
	var recorder classroom.Recorder
	account := truth.NewAccount()
	if env.truthURL == "" {
		recorder = inMemory{account}
	} else {
		outside := collector.NewClient(env.truthURL, &http.Client{Transport: transport})
		tasks.Go(func() { outside.Run(working) })
		recorder, account = outside, nil
	}
	defer cut() // before the tasks are waited for

	class := classroom.New(classroom.Options{
		Name:     fmt.Sprintf("%s-%d", env.name, time.Now().UnixNano()),
		Recorder: recorder, Timeout: requestTimeout,
		Sender: env.sender(transport, anyPod),
	})
	site, err := openSite(env, transport)
	if err != nil {
		return err
	}
	defer site.close()
	apps, err := openBackend(env, transport)
	if err != nil {
		return err
	}
	defer apps.close()
	listener, err := net.Listen("tcp", env.listen)
	if err != nil {
		return fmt.Errorf("listening for the test driver: %w", err)
	}
	server := &http.Server{Handler: control.Handler(working, class, account), ReadHeaderTimeout: requestTimeout}
	served := make(chan error, 1)
	tasks.Go(func() { served <- server.Serve(listener) })
	_, _ = fmt.Fprintf(out, "lms %s: waiting for learners on %s, writing to %s\n", env.name, listener.Addr(), cmp.Or(env.lmsURL, env.sidecarURL))
	if site.open() {
		_, _ = fmt.Fprintf(out, "lms %s: open for learners on http://%s\n", env.name, site.listener.Addr())
	}

	select {
	case err := <-site.failed:
		return fmt.Errorf("serving learners: %w", err)
	case err := <-apps.failed:
		return fmt.Errorf("serving learners of other pods: %w", err)
	case err := <-served:
		return fmt.Errorf("serving the test driver: %w", err)
	case <-ctx.Done():
	}
	<-time.After(env.linger)
	limit := time.AfterFunc(lastWrites, cut)
	defer limit.Stop()
	site.close()
	apps.close()
	stopped := class.Stop()
	stats := class.Stats()
	_, _ = fmt.Fprintf(out, "lms %s: stopped %d learners; %d updates acknowledged, %d refused, %d uncertain\n",
		env.name, len(stopped), stats.Acknowledged, stats.Refused, stats.Uncertain)
	if err := server.Shutdown(working); err != nil {
		return fmt.Errorf("closing the control API: %w", err)
	}
	return nil
}

// inMemory keeps the account in this process.
type inMemory struct{ account *truth.Account }

func (m inMemory) Record(_ context.Context, entries ...truth.Entry) error {
	return m.account.Record(entries...)
}
