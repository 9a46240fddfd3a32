package certificate

import (
	"github.com/prometheus/client_golang/prometheus"
)

// ExpiryMetric is when the certificate that this replica serves expires, in
// seconds since 1970; zero while it serves none.
func ExpiryMetric(serving *Serving) prometheus.Collector {
	return prometheus.NewGaugeFunc(prometheus.GaugeOpts{
		Name: "progress_sync_operator_certificate_expiry_timestamp_seconds",
		Help: "When the webhook certificate that this replica serves expires, in seconds since 1970; 0 while it serves none.",
	}, func() float64 {
		if notAfter := serving.NotAfter(); !notAfter.IsZero() {
			return float64(notAfter.Unix())
		}
		return 0
	})
}
