package certificate

import (
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"sync/atomic"
	"time"

	corev1 "k8s.io/api/core/v1"
)

// ErrNone is returned while the Secret holds no certificate yet.
var ErrNone = errors.New("no webhook certificate yet: the Secret is empty or missing")

// Serving holds what the newest usable Secret held. Its zero value holds
// nothing. It may be used from several goroutines.
type Serving struct {
	current atomic.Pointer[served]
}

type served struct {
	certificate tls.Certificate
	notAfter    time.Time
	bundle      []byte
}

// Set takes over a Secret's certificate. A Secret that holds none, or a broken
// one, is reported and changes nothing.
func (s *Serving) Set(secret *corev1.Secret) error {
	if len(secret.Data[keyCert]) == 0 || len(secret.Data[keyKey]) == 0 {
		return ErrNone
	}
	pair, err := tls.X509KeyPair(secret.Data[keyCert], secret.Data[keyKey])
	if err != nil {
		return fmt.Errorf("reading %s and %s of Secret %s: %w", keyCert, keyKey, secret.Name, err)
	}
	leaf, err := x509.ParseCertificate(pair.Certificate[0])
	if err != nil {
		return fmt.Errorf("reading %s of Secret %s: %w", keyCert, secret.Name, err)
	}
	s.current.Store(&served{certificate: pair, notAfter: leaf.NotAfter, bundle: CABundle(secret)})
	return nil
}

// GetCertificate is for tls.Config.
func (s *Serving) GetCertificate(*tls.ClientHelloInfo) (*tls.Certificate, error) {
	current := s.current.Load()
	if current == nil {
		return nil, ErrNone
	}
	return &current.certificate, nil
}

// Ready returns nil once there is a certificate to show.
func (s *Serving) Ready() error {
	if s.current.Load() == nil {
		return ErrNone
	}
	return nil
}

// NotAfter is when the certificate expires, the zero time while there is none.
func (s *Serving) NotAfter() time.Time {
	if current := s.current.Load(); current != nil {
		return current.notAfter
	}
	return time.Time{}
}

// CABundle that came with the certificate, nil while there is none or where it
// came with none.
func (s *Serving) CABundle() []byte {
	if current := s.current.Load(); current != nil {
		return current.bundle
	}
	return nil
}

// CABundle is what a Secret says that the API server has to trust, nil where
// it says nothing: the system's roots then.
func CABundle(secret *corev1.Secret) []byte { return secret.Data[keyCA] }

// Usable says whether the Secret holds a certificate.
func Usable(secret *corev1.Secret) bool {
	return len(secret.Data[keyCert]) > 0 && len(secret.Data[keyKey]) > 0
}
