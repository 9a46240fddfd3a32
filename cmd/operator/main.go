// Command operator injects the progress-sync sidecar into the pods that
// ProgressSyncPolicies select, configures it, and reports how the syncing goes.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"log/slog"
	"os"
	"os/signal"
	"syscall"

	"github.com/KimMachineGun/automemlimit/memlimit"
	"github.com/go-logr/logr"
	"k8s.io/klog/v2"
	ctrl "sigs.k8s.io/controller-runtime"
	ctrlmetrics "sigs.k8s.io/controller-runtime/pkg/metrics"

	"github.com/progress-sync/progress-sync/controllers/operator"
)

// version is set by the linker.
var version = "dev"

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	err := run(ctx, os.Args[1:], os.Stdout, os.Stderr)
	stop()
	if err != nil {
		fmt.Fprintln(os.Stderr, "operator:", err)
		os.Exit(1)
	}
}

func run(ctx context.Context, args []string, stdout, stderr io.Writer) error {
	f, err := parse(args, os.Getenv, stderr)
	if err != nil {
		if errors.Is(err, flag.ErrHelp) {
			return nil
		}
		return err
	}
	if f.version {
		_, err := fmt.Fprintln(stdout, version)
		return err
	}

	handler := slog.NewJSONHandler(stderr, &slog.HandlerOptions{Level: f.logLevel})
	log := logr.FromSlogHandler(handler)
	// Libraries that have loggers of their own write where the operator does.
	slog.SetDefault(slog.New(handler))
	ctrl.SetLogger(log)
	klog.SetLogger(log)
	// The collector works harder before the container's limit is reached.
	limit, err := memlimit.Set()
	if err != nil {
		log.Error(err, "the container's memory limit can't be read; set GOMEMLIMIT, or too much memory may be used")
	}

	connection, err := ctrl.GetConfig()
	if err != nil {
		return fmt.Errorf("finding the cluster (KUBECONFIG, or the service account of a pod): %w", err)
	}
	connection.UserAgent = "progress-sync-operator/" + version
	// The API server shares itself out fairly (APF); a limit of our own would hold
	// back the status of large installations.
	connection.QPS = -1

	options := f.options
	options.Log = log
	options.Registry = ctrlmetrics.Registry
	log.Info("starting", "version", version, "namespace", options.Namespace, "sidecarImage", options.SidecarImage,
		"memoryLimit", limit)
	return operator.Run(ctx, connection, options)
}
