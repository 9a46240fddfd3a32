package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/signal"
	"syscall"

	"github.com/progress-sync/progress-sync/sidecar/config"
	"github.com/progress-sync/progress-sync/sidecar/postgres"
)

// migrateCommand prints what there should be in the database, or says whether
// it is there; it changes nothing.
func migrateCommand(args []string, out io.Writer) error {
	flags := flag.NewFlagSet("sidecar migrate", flag.ExitOnError)
	printSQL := flags.Bool("print", false, "print the SQL of the sidecar's tables, to be piped into psql, and what a mapped table needs")
	views := flags.Bool("views", false, "print the SQL of the views for statistics over the table that records go to, to be piped into psql; over the sidecar's own table the migrations make them")
	check := flags.Bool("check", false, "connect and say whether the tables are there; exit code 1 if something is missing")
	configFile := flags.String("config", "/etc/progress-sync/config/config.json", "configuration file, for database.mapping; it may be missing. An injected container has another in "+config.InjectedVariable+", and the newer counts")
	uriFile := flags.String("database-uri-file", "/etc/progress-sync/database/uri", "file with the connection string of Postgres, for --check")
	if err := parse(flags, args); err != nil {
		return err
	}
	if count(*printSQL, *views, *check) != 1 {
		return errors.New("usage: sidecar migrate --print | --views | --check")
	}
	// What is kept in the spool is the running sidecar's alone.
	injected := config.Read(config.InjectedVariable, []byte(os.Getenv(config.InjectedVariable)))
	choice := config.Choose(config.ReadFile(*configFile), config.Candidate{}, injected)
	if choice.Err != nil {
		return choice.Err
	}
	c := choice.Config
	if *views {
		_, err := io.WriteString(out, postgres.ViewsSQL(c.Database.Mapping))
		return err
	}
	if *printSQL {
		sql, err := postgres.MigrationSQL(c.Database.Mapping)
		if err != nil {
			return err
		}
		_, err = io.WriteString(out, sql)
		return err
	}
	return checkDatabase(c, *uriFile, out)
}

func count(flags ...bool) (n int) {
	for _, set := range flags {
		if set {
			n++
		}
	}
	return n
}

func checkDatabase(c config.Config, uriFile string, out io.Writer) error {
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGTERM, os.Interrupt)
	defer stop()
	db := postgres.New(postgres.Options{
		URI: func() (string, error) {
			content, err := os.ReadFile(uriFile)
			return string(content), err
		},
		MaxConnections:    1,
		ExecMode:          c.Database.ExecMode,
		StatementTimeout:  c.Database.StatementTimeout.D(),
		Mapping:           c.Database.Mapping,
		Events:            c.Events.Enabled,
		Departures:        c.Events.Departures(),
		ActivityDaily:     c.Database.ActivityDaily,
		WatchedToComplete: c.Sync.Completion().WatchedThreshold(),
		ApplicationName:   "progress-sync migrate",
	})
	defer db.Close()
	report, err := db.Check(ctx)
	for _, note := range report.Notes {
		if _, err := fmt.Fprintf(out, "Note on %s: %s\n", report.Table, note); err != nil {
			return err
		}
	}
	if err != nil {
		return err
	}
	_, err = fmt.Fprintf(out, "The tables in schema progress_sync are of version %d, which this sidecar (version %d) works with; records go to %s.\n",
		report.Version, report.Needed, report.Table)
	return err
}
