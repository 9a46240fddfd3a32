// Command sidecar is the program of the progress-sync container.
package main

import (
	"context"
	"flag"
	"fmt"
	"io"
	"os"
	"os/signal"
	"syscall"
	"time"

	// CA roots, since the image holds nothing but this program.
	_ "golang.org/x/crypto/x509roots/fallback"

	"github.com/progress-sync/progress-sync/sidecar/config"
	"github.com/progress-sync/progress-sync/sidecar/run"
)

// version is set by the linker.
var version = "dev"

const usage = `usage: sidecar <command> [flags]

commands:
  run            accept updates on loopback and write them to Postgres
  prestop        tell the running sidecar that its pod is being deleted
  probe          ask the running sidecar over loopback whether it is healthy; exit code 1 if not
  migrate        print the SQL of the schema, or check the database
  version        print the version

sidecar <command> -h lists the flags of a command.
`

func main() {
	if err := command(os.Args[1:], os.Stdout, os.Stderr); err != nil {
		fmt.Fprintln(os.Stderr, "sidecar:", err)
		os.Exit(1)
	}
}

func command(args []string, out, log io.Writer) error {
	if len(args) == 0 {
		return fmt.Errorf("no command given\n%s", usage)
	}
	switch args[0] {
	case "run":
		return runCommand(args[1:], log)
	case "prestop":
		return prestopCommand(args[1:])
	case "probe":
		return probeCommand(args[1:])
	case "migrate":
		return migrateCommand(args[1:], out)
	case "version":
		_, err := fmt.Fprintln(out, version)
		return err
	case "-h", "-help", "--help", "help":
		_, err := fmt.Fprint(out, usage)
		return err
	}
	return fmt.Errorf("unknown command %q\n%s", args[0], usage)
}

const (
	defaultListen       = "127.0.0.1:8787"
	defaultStatusListen = ":9787"
)

func runCommand(args []string, log io.Writer) error {
	o := run.Options{Version: version, Log: log, InjectedConfig: os.Getenv(config.InjectedVariable)}
	flags := flag.NewFlagSet("sidecar run", flag.ExitOnError)
	flags.StringVar(&o.ConfigFile, "config", "/etc/progress-sync/config/config.json", "configuration file; it may be missing, and is watched; an injected container has another configuration in "+config.InjectedVariable)
	flags.StringVar(&o.DatabaseURIFile, "database-uri-file", "/etc/progress-sync/database/uri", "file with the connection string of Postgres; it may be missing, and is watched")
	flags.StringVar(&o.WebhookSecretDir, "webhook-secret-dir", "/etc/progress-sync/webhook", "directory with the file secret, and previous while secrets change, that sign events for the webhook; it may be missing")
	flags.StringVar(&o.XAPISecretDir, "xapi-secret-dir", "/etc/progress-sync/xapi", "directory with the files username and password, or authorization, by which the LRS of xAPI statements knows the sidecar; it may be missing")
	flags.StringVar(&o.Spool, "spool", "/var/lib/progress-sync/spool", "directory of the buffer, on a disk that survives the container")
	flags.StringVar(&o.Listen, "listen", defaultListen, "loopback address of the write API")
	flags.StringVar(&o.StatusListen, "status-listen", defaultStatusListen, "address of the read-only port: /healthz /readyz /metrics /v1/status")
	flags.StringVar(&o.TerminationLog, "termination-log", "/dev/termination-log", "file for one line at the end; empty for none")
	flags.DurationVar(&o.GracePeriod, "grace-period", 30*time.Second, "time from SIGTERM or prestop until the process is killed")
	flags.StringVar(&o.Pprof, "pprof", "", "loopback address to serve profiles on; empty for none")
	if err := parse(flags, args); err != nil {
		return err
	}
	peersAddress, err := config.PeersAddress(os.Getenv(config.PodIPVariable), os.Getenv(config.PeersPortVariable))
	if err != nil {
		return err
	}
	o.PeersAddress = peersAddress
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGTERM, os.Interrupt)
	defer context.AfterFunc(ctx, stop)() // a second signal ends the process at once
	return run.Run(ctx, o)
}

func prestopCommand(args []string) error {
	flags := flag.NewFlagSet("sidecar prestop", flag.ExitOnError)
	listen := flags.String("listen", defaultListen, "address of the running sidecar's write API")
	if err := parse(flags, args); err != nil {
		return err
	}
	return run.Prestop(context.Background(), *listen)
}

func probeCommand(args []string) error {
	flags := flag.NewFlagSet("sidecar probe", flag.ExitOnError)
	listen := flags.String("status-listen", defaultStatusListen, "address of the running sidecar's read-only port; without a host, loopback")
	if err := parse(flags, args); err != nil {
		return err
	}
	return run.Probe(context.Background(), *listen)
}

// parse takes flags and nothing else.
func parse(flags *flag.FlagSet, args []string) error {
	if err := flags.Parse(args); err != nil {
		return err
	}
	if flags.NArg() > 0 {
		return fmt.Errorf("%s: unexpected argument %q", flags.Name(), flags.Arg(0))
	}
	return nil
}
