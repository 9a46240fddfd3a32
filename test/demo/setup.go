package main

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"net"
	"net/http"
	"path/filepath"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/progress-sync/progress-sync/test/cluster"
	"github.com/progress-sync/progress-sync/test/cluster/images"
	"github.com/progress-sync/progress-sync/test/lms/control"
	"github.com/progress-sync/progress-sync/test/lms/web/bundle"
	"github.com/progress-sync/progress-sync/test/truth"
	"github.com/progress-sync/progress-sync/test/truth/collector"
)

const (
	operatorNamespace = "progress-sync-system"
	release           = "progress-sync"
	lmsImage          = "progress-sync.local/lms:1"
)

// stage is what the show takes place on.
type stage struct {
	cluster  *cluster.Cluster
	images   []images.Built
	database *database
	account  *truth.Account
	// truthURL is where pods reach the collector.
	truthURL string
	server   *http.Server
	served   chan error
	pods     []*pod
	learners *control.Client
}

// setUp starts all that the demo needs, side by side where one does not need the
// other.
func (s *stage) setUp(ctx context.Context, o cluster.Options, p plan, lines *screen) error {
	both, limited := errgroup.WithContext(ctx)
	both.Go(func() error {
		return lines.step("images of operator, sidecar and LMS", func() error { return s.build(limited, o) })
	})
	both.Go(func() error {
		return lines.step("cluster", func() (err error) {
			s.cluster, err = cluster.Up(limited, o)
			return err
		})
	})
	if err := both.Wait(); err != nil {
		return err
	}

	if err := s.collect(); err != nil {
		return err
	}

	both, limited = errgroup.WithContext(ctx)
	both.Go(func() error {
		return lines.step("Postgres", func() (err error) {
			if s.database, err = startDatabase(limited, s.cluster); err != nil {
				return err
			}
			return s.database.checkEmpty(limited)
		})
	})
	both.Go(func() error {
		return lines.step("namespace of an earlier demo removed", func() error {
			_, err := s.cluster.Kubectl(limited, "delete", "namespace", namespace, "--ignore-not-found", "--wait")
			return err
		})
	})
	both.Go(func() error {
		return lines.step("operator installed with helm", func() error { return s.install(limited) })
	})
	if err := both.Wait(); err != nil {
		return err
	}

	v := values{Interval: p.interval().String(), DatabaseURI: s.database.inside, Image: lmsImage, TruthURL: s.truthURL, SessionKey: rand.Text(), WebPort: webPort}
	err := lines.step("policy applied and Ready", func() error {
		if err := errors.Join(apply(ctx, s.cluster, "namespace.yaml", v), apply(ctx, s.cluster, "policy.yaml", v)); err != nil {
			return err
		}
		_, err := s.cluster.Kubectl(ctx, "--namespace", namespace, "wait", "--for=condition=Ready", "--timeout=60s", "psync/lms")
		return err
	})
	if err != nil {
		return err
	}
	err = lines.step(fmt.Sprintf("%d replicas of the LMS, injected", replicas), func() error {
		if err := errors.Join(apply(ctx, s.cluster, "lms.yaml", v), apply(ctx, s.cluster, "learners.yaml", v)); err != nil {
			return err
		}
		for _, name := range []string{"lms", "learners"} {
			if _, err := s.cluster.Kubectl(ctx, "--namespace", namespace, "rollout", "status", "deployment/"+name, "--timeout=90s"); err != nil {
				return errors.Join(err, s.describePods(ctx))
			}
		}
		var err error
		s.pods, s.learners, err = findPods(ctx, s.cluster)
		return err
	})
	if err != nil {
		return err
	}
	return lines.step("they know each other", func() error { return waitPeered(ctx, s.pods) })
}

func (s *stage) build(ctx context.Context, o cluster.Options) error {
	version, err := images.Version(o.Root)
	if err != nil {
		return err
	}
	assets := filepath.Join(o.Cache, "web", "assets")
	if err := bundle.Build(ctx, assets); err != nil {
		return err
	}
	builder := images.Builder{Root: o.Root, Dir: o.Images(), Out: o.Out}
	s.images, err = builder.Build(ctx, images.Operator(version), images.Sidecar(version),
		images.Image{Ref: lmsImage, Package: "./test/lms", Name: "lms", Assets: assets})
	return err
}

// install loads the images and installs the chart, or upgrades to it.
func (s *stage) install(ctx context.Context) error {
	if err := s.cluster.Load(ctx, s.images...); err != nil {
		return err
	}
	// The tag stays the same while the project is worked on, so the pods are
	// told apart by what is in the image.
	const enough = 12
	_, err := s.cluster.Helm(ctx, "upgrade", "--install", release, filepath.Join(s.cluster.Root, "charts", "progress-sync"),
		"--namespace", operatorNamespace, "--create-namespace", "--wait", "--timeout", "2m",
		"--set", "operator.statusInterval=2s", "--set-string", "podAnnotations.image="+s.images[0].ID[:enough])
	if err != nil {
		return errors.Join(err, s.describeOperator(ctx))
	}
	return nil
}

// describeOperator and describePods say more about a failure.
func (s *stage) describeOperator(ctx context.Context) error {
	state, _ := s.cluster.Kubectl(ctx, "--namespace", operatorNamespace, "get", "pods,events")
	logs, _ := s.cluster.Kubectl(ctx, "--namespace", operatorNamespace, "logs", "--tail=20", "deployment/"+release)
	return fmt.Errorf("the operator:\n%s%s", state, logs)
}

func (s *stage) describePods(ctx context.Context) error {
	state, _ := s.cluster.Kubectl(ctx, "--namespace", namespace, "get", "pods,psync,events")
	logs, _ := s.cluster.Kubectl(ctx, "--namespace", namespace, "logs", "--tail=20", "--all-containers", "--selector=app=lms")
	return fmt.Errorf("the LMS:\n%s%s", state, logs)
}

// collect keeps the account for the pods until close.
func (s *stage) collect() error {
	host, err := s.cluster.HostAddress()
	if err != nil {
		return err
	}
	listener, err := net.Listen("tcp", net.JoinHostPort(host, "0"))
	if err != nil {
		return fmt.Errorf("listening for the account of the LMS: %w", err)
	}
	const patience = 10 * time.Second
	s.server = &http.Server{Handler: collector.Handler(s.account), ReadHeaderTimeout: patience}
	s.served = make(chan error, 1)
	go func() { s.served <- s.server.Serve(listener) }()
	s.truthURL = "http://" + listener.Addr().String()
	return nil
}

// close ends the collector. Nobody writes to it any more.
func (s *stage) close() error {
	if s.server == nil {
		return nil
	}
	err := s.server.Close()
	if ended := <-s.served; !errors.Is(ended, http.ErrServerClosed) {
		err = errors.Join(err, fmt.Errorf("keeping the account of the LMS: %w", ended))
	}
	return err
}

// down removes what the demo has started. On a cluster that it did not start
// these are the operator and the namespace.
func down(ctx context.Context, o cluster.Options) error {
	running, err := cluster.Running(ctx, o)
	if err == nil && running.External() {
		_, helmErr := running.Helm(ctx, "uninstall", release, "--namespace", operatorNamespace, "--ignore-not-found", "--wait")
		_, namespaceErr := running.Kubectl(ctx, "delete", "namespace", namespace, operatorNamespace, "--ignore-not-found", "--wait")
		if err := errors.Join(helmErr, namespaceErr); err != nil {
			return err
		}
		o.Say("the operator and the namespaces %s and %s are gone; the CustomResourceDefinition stays", namespace, operatorNamespace)
	}
	if err := errors.Join(cluster.Down(ctx, o), removePostgres(ctx, o)); err != nil {
		return err
	}
	return removeRunDir(o)
}
