package identity

import (
	"crypto/ed25519"
	"crypto/rand"
	"crypto/sha256"
	"crypto/tls"
	"crypto/x509"
	"fmt"
	"math/big"
	"time"

	"github.com/progress-sync/progress-sync/sidecar/peers/members"
)

// key is a private key with its certificate.
type key struct {
	certificate tls.Certificate
	fingerprint members.Fingerprint
	made        time.Time
}

func newKey(made time.Time) (*key, error) {
	public, private, err := ed25519.GenerateKey(rand.Reader)
	if err != nil {
		return nil, fmt.Errorf("making a key: %w", err)
	}
	// Nobody checks the times: the clocks of pods may differ, and the registry says
	// what is valid. RFC 5280 has 99991231235959Z for "no end that is known".
	template := &x509.Certificate{
		SerialNumber: big.NewInt(1),
		NotBefore:    time.Unix(0, 0).UTC(),
		NotAfter:     time.Date(9999, 12, 31, 23, 59, 59, 0, time.UTC),
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, public, private)
	if err != nil {
		return nil, fmt.Errorf("making a certificate: %w", err)
	}
	leaf, err := x509.ParseCertificate(der)
	if err != nil {
		return nil, fmt.Errorf("reading the certificate that was made: %w", err)
	}
	return &key{
		certificate: tls.Certificate{Certificate: [][]byte{der}, PrivateKey: private, Leaf: leaf},
		fingerprint: fingerprintOf(leaf),
		made:        made,
	}, nil
}

// fingerprintOf is the fingerprint of a certificate's key.
func fingerprintOf(c *x509.Certificate) members.Fingerprint {
	return sha256.Sum256(c.RawSubjectPublicKeyInfo)
}
