package main

import (
	"context"
	"flag"
	"fmt"
	"os"
	"os/signal"
	"strings"
	"syscall"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/progress-sync/progress-sync/test/bench/viewing"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	if err := measure(ctx); err != nil {
		fmt.Fprintln(os.Stderr, "sessions:", err)
		os.Exit(1)
	}
}

// options of the run.
type options struct {
	count         int
	over, longest time.Duration
	lessons       time.Duration
	learners      int
}

func measure(ctx context.Context) (err error) {
	var o options
	flag.IntVar(&o.count, "count", 1000, "sessions of each kind of client")
	flag.DurationVar(&o.over, "over", 20*time.Minute, "time within which sessions begin")
	flag.DurationVar(&o.longest, "longest", 30*time.Minute, "longest session, without its pauses")
	flag.DurationVar(&o.lessons, "lessons", time.Hour, "how long the learners of the classes watch")
	flag.IntVar(&o.learners, "learners", 60, "learners of each class")
	flag.Parse()
	s, err := begin(ctx)
	if err != nil {
		return err
	}
	defer func() { err = s.end(err) }()

	kinds := kindsOf(o)
	classes := classesOf(o)
	group, ctx := errgroup.WithContext(ctx)
	var fixed, early, classed played
	play := func(into *played, name, sync string, sessions []viewing.Session) {
		group.Go(func() (err error) {
			*into, err = s.play(ctx, name, sync, sessions)
			return err
		})
	}
	play(&fixed, "fixed", `{"interval":"3m","quietPeriod":"0s","leaveGrace":"0s"}`, all(kinds))
	play(&early, "early", `{"interval":"3m","quietPeriod":"Auto","leaveGrace":"5s"}`, all(kinds))
	play(&classed, "classes", classesConfiguration, all(classes))
	if err := group.Wait(); err != nil {
		return err
	}
	fmt.Println(leavingTable(kinds, fixed, early))
	fmt.Println(classTable(classes, classed))
	return nil
}

// kind is the sessions of clients of one kind.
type kind struct {
	name     string
	sessions []viewing.Session
}

func all(kinds []kind) (sessions []viewing.Session) {
	for _, k := range kinds {
		sessions = append(sessions, k.sessions...)
	}
	return sessions
}

func kindsOf(o options) (kinds []kind) {
	for _, h := range []struct {
		name string
		viewing.Habits
	}{
		{"no pauses", viewing.WatchThrough()},
		{"pauses, no hint at a pause", viewing.PauseOften(viewing.Silent)},
		{"pauses, a hint after 20 s", viewing.PauseOften(20 * time.Second)},
	} {
		for _, every := range []time.Duration{5 * time.Second, 10 * time.Second, 30 * time.Second, time.Minute} {
			name := fmt.Sprintf("%v, %s", every, h.name)
			kinds = append(kinds, kind{name, viewing.Sessions(viewing.Options{
				Name: strings.ReplaceAll(name, " ", "-"), Count: o.count, Over: o.over, Every: every, Longest: o.longest, Habits: h.Habits,
			})})
		}
	}
	return kinds
}

const classesConfiguration = `{"interval":"3m","flushOnComplete":false,"classes":[
	{"name":"short","match":{"maxDuration":"5m"},"interval":"1m"},
	{"name":"long","match":{"minDuration":"30m"},"interval":"5m"}]}`

func classesOf(o options) (kinds []kind) {
	for _, c := range []struct {
		name   string
		length time.Duration
	}{{"short", 4 * time.Minute}, {"default", 20 * time.Minute}, {"long", time.Hour}} {
		kinds = append(kinds, kind{c.name, viewing.Lessons(c.name, o.learners, c.length, o.lessons)})
	}
	return kinds
}
