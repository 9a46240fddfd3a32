package configuration

import (
	"cmp"
	"net"
	"strconv"

	"github.com/progress-sync/progress-sync/api/v1alpha1"
	"github.com/progress-sync/progress-sync/sidecar/config"
)

// webhook in the words of the file, or nil for none. A Service becomes the address that
// the cluster's DNS knows it by.
func webhook(spec *v1alpha1.WebhookSpec, namespace string) *config.Webhook {
	if spec == nil {
		return nil
	}
	out := &config.Webhook{URL: spec.URL, Batch: int(spec.Batch)}
	if s := spec.Service; s != nil {
		host := s.Name + "." + cmp.Or(s.Namespace, namespace) + ".svc"
		if port := cmp.Or(s.Port, 80); port != 80 {
			host = net.JoinHostPort(host, strconv.Itoa(int(port)))
		}
		out.URL = "http://" + host + cmp.Or(s.Path, "/")
	}
	for _, t := range spec.Types {
		out.Types = append(out.Types, string(t))
	}
	return out
}
