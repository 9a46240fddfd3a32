// Package apiserver starts a real kube-apiserver with etcd, and the project's
// CRD in it, for tests of what only an API server decides. Such tests carry the
// build tag envtest.
package apiserver

import (
	"fmt"
	"os"
	"path/filepath"

	"sigs.k8s.io/controller-runtime/pkg/envtest"

	"github.com/progress-sync/progress-sync/test/kit/project"
)

// WithServiceAccounts has the API server give pods the account default, which
// has to be in their namespace, and its token, as every cluster does.
func WithServiceAccounts(environment *envtest.Environment) {
	environment.ControlPlane.GetAPIServer().Configure().Disable("disable-admission-plugins")
}

// Start returns a running API server; the caller stops it. Its programs come
// from KUBEBUILDER_ASSETS, else from bin in PROGRESS_SYNC_CACHE, else from
// .cache/bin of the project.
func Start(changes ...func(*envtest.Environment)) (*envtest.Environment, error) {
	root, err := project.Root()
	if err != nil {
		return nil, err
	}
	assets := os.Getenv("KUBEBUILDER_ASSETS")
	if assets == "" {
		cache, err := project.Cache()
		if err != nil {
			return nil, err
		}
		assets = filepath.Join(cache, "bin")
	}
	environment := &envtest.Environment{
		BinaryAssetsDirectory: assets,
		CRDDirectoryPaths:     []string{filepath.Join(root, "config", "crd", "bases")},
		ErrorIfCRDPathMissing: true,
	}
	for _, change := range changes {
		change(environment)
	}
	if _, err := environment.Start(); err != nil {
		return nil, fmt.Errorf("starting kube-apiserver and etcd from %s (make tools builds them there): %w", assets, err)
	}
	return environment, nil
}
