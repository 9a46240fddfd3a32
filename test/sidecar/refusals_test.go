package sidecar

import (
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"maps"
	"net"
	"strings"
	"testing"

	"github.com/google/uuid"
	"github.com/prometheus/common/expfmt"
	"github.com/prometheus/common/model"

	"github.com/progress-sync/progress-sync/test/kit"
	pgtest "github.com/progress-sync/progress-sync/test/postgres"
)

// counts are what a sidecar's metric says that it has refused, by reason.
type counts map[string]int

// refusals are those up to this moment.
func refusals(t *testing.T, p *process) counts {
	t.Helper()
	_, text := p.get(t, "/metrics")
	parser := expfmt.NewTextParser(model.LegacyValidation)
	families, err := parser.TextToMetricFamilies(strings.NewReader(text))
	if err != nil {
		t.Fatal(err)
	}
	all := counts{}
	for _, m := range families["progress_sync_peers_refused_total"].GetMetric() {
		all[m.GetLabel()[0].GetValue()] = int(m.GetCounter().GetValue())
	}
	if len(all) == 0 {
		t.Fatalf("the metric is not there:\n%s", text)
	}
	return all
}

// await waits until what is given was refused since, and nothing else.
func (before counts) await(t *testing.T, p *process, what string, since map[string]int) {
	t.Helper()
	want := maps.Clone(before)
	for reason, n := range since {
		want[strings.ReplaceAll(reason, "-", "_")] += n
	}
	kit.Eventually(t, what+": the metric to count it", func() error {
		got := refusals(t, p)
		return kit.Unless(fmt.Sprint(got) == fmt.Sprint(want), fmt.Sprintf("%v, want %v", got, want))
	})
}

// unregister takes a sidecar out of the registry, as one does that leaves.
func unregister(t *testing.T, uri string, writer uuid.UUID) {
	t.Helper()
	pgtest.Execute(t, pgtest.Connect(t, uri), "DELETE FROM progress_sync.sidecars WHERE writer_id = $1", writer.String())
}

// certificateOf is what a sidecar shows to whoever connects.
func certificateOf(t *testing.T, address string) (shown *x509.Certificate) {
	t.Helper()
	seen := errors.New("that is all")
	conn, err := (&net.Dialer{}).DialContext(t.Context(), "tcp", address)
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	err = tls.Client(conn, &tls.Config{InsecureSkipVerify: true, NextProtos: []string{"h2"}, VerifyConnection: func(s tls.ConnectionState) error {
		shown = s.PeerCertificates[0]
		return seen
	}}).HandshakeContext(t.Context())
	if shown == nil {
		t.Fatal(err)
	}
	return shown
}
