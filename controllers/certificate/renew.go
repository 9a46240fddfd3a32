package certificate

import (
	"bytes"
	"crypto/x509"
	"encoding/pem"
	"fmt"
	"time"

	"github.com/open-policy-agent/cert-controller/pkg/rotator"
)

// Keys of the Secret, the same that cert-manager uses, and the CA's own key.
const (
	keyCA    = "ca.crt"
	keyCAKey = "ca.key"
	keyCert  = "tls.crt"
	keyKey   = "tls.key"
)

const (
	caName       = "progress-sync-ca"
	organization = "progress-sync"
)

// Lifetimes of what is issued.
type Lifetimes struct {
	// CA, ten years by default.
	CA time.Duration
	// Server certificate, one year by default.
	Server time.Duration
	// Lookahead before the end at which a new one is issued, 90 days by default.
	Lookahead time.Duration
}

// DefaultLifetimes as above.
func DefaultLifetimes() Lifetimes {
	const day = 24 * time.Hour
	return Lifetimes{CA: 3650 * day, Server: 365 * day, Lookahead: 90 * day}
}

// Renew returns what the Secret should hold, and whether that differs from what
// it holds: a new CA where there is none that lasts, and a new server
// certificate for the names where there is none that lasts. A CA that is
// replaced stays trusted beside the new one until it expires, so that replicas
// that still show its certificate are believed.
func Renew(data map[string][]byte, names []string, lifetimes Lifetimes, now time.Time) (map[string][]byte, bool, error) {
	if len(names) == 0 {
		return nil, false, fmt.Errorf("renewing the webhook certificate: no names to issue it for")
	}
	issuer := rotator.CertRotator{
		CAName: caName, CAOrganization: organization,
		DNSName: names[0], ExtraDNSNames: names[1:],
		ExtKeyUsages: &[]x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth},
	}
	at := now.Add(lifetimes.Lookahead)
	// A clock that runs behind must not find the certificate not yet valid.
	begin := now.Add(-time.Hour)

	ca := readCA(data, at)
	bundle := data[keyCA]
	if ca == nil {
		created, err := issuer.CreateCACert(begin, now.Add(lifetimes.CA))
		if err != nil {
			return nil, false, fmt.Errorf("creating the webhook's CA: %w", err)
		}
		ca, bundle = created, append(bytes.Clone(created.CertPEM), trusted(data[keyCA], now)...)
	} else if valid(data, names, at, issuer.ExtKeyUsages) {
		return data, false, nil
	}

	cert, key, err := issuer.CreateCertPEM(ca, begin, now.Add(lifetimes.Server))
	if err != nil {
		return nil, false, fmt.Errorf("creating the webhook's certificate: %w", err)
	}
	return map[string][]byte{keyCA: bundle, keyCAKey: ca.KeyPEM, keyCert: cert, keyKey: key}, true, nil
}

// readCA returns the CA that new certificates are issued from, nil if there is
// none or it does not last until then.
func readCA(data map[string][]byte, until time.Time) *rotator.KeyPairArtifacts {
	if ok, err := rotator.ValidCert(data[keyCA], firstBlock(data[keyCA]), data[keyCAKey], caName, nil, until); !ok || err != nil {
		return nil
	}
	cert, err := parseFirst(data[keyCA])
	if err != nil {
		return nil
	}
	key, _ := pem.Decode(data[keyCAKey])
	private, err := x509.ParsePKCS1PrivateKey(key.Bytes)
	if err != nil {
		return nil
	}
	return &rotator.KeyPairArtifacts{Cert: cert, Key: private, CertPEM: firstBlock(data[keyCA]), KeyPEM: data[keyCAKey]}
}

func valid(data map[string][]byte, names []string, until time.Time, usages *[]x509.ExtKeyUsage) bool {
	for _, name := range names {
		if ok, err := rotator.ValidCert(data[keyCA], data[keyCert], data[keyKey], name, usages, until); !ok || err != nil {
			return false
		}
	}
	return true
}

// trusted returns those certificates of a bundle that have not expired.
func trusted(bundle []byte, now time.Time) []byte {
	var out []byte
	for block, rest := pem.Decode(bundle); block != nil; block, rest = pem.Decode(rest) {
		if cert, err := x509.ParseCertificate(block.Bytes); err == nil && now.Before(cert.NotAfter) {
			out = append(out, pem.EncodeToMemory(block)...)
		}
	}
	return out
}

func firstBlock(bundle []byte) []byte {
	block, _ := pem.Decode(bundle)
	if block == nil {
		return nil
	}
	return pem.EncodeToMemory(block)
}

func parseFirst(bundle []byte) (*x509.Certificate, error) {
	block, _ := pem.Decode(bundle)
	if block == nil {
		return nil, fmt.Errorf("no PEM block in the certificate")
	}
	return x509.ParseCertificate(block.Bytes)
}
