package certificate

import (
	"bytes"
	"crypto/x509"
	"encoding/pem"
	"fmt"
	"time"
)

// Keys of the Secret, the same that cert-manager uses, and the CA's own key.
const (
	keyCA    = "ca.crt"
	keyCAKey = "ca.key"
	keyCert  = "tls.crt"
	keyKey   = "tls.key"
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
	at := now.Add(lifetimes.Lookahead)
	// A clock that runs behind must not find the certificate not yet valid.
	begin := now.Add(-time.Hour)

	ca := readAuthority(data[keyCA], data[keyCAKey], at)
	bundle := data[keyCA]
	if ca == nil {
		created, err := newAuthority(begin, now.Add(lifetimes.CA))
		if err != nil {
			return nil, false, fmt.Errorf("creating the webhook's CA: %w", err)
		}
		ca, bundle = created, append(bytes.Clone(created.pem), trusted(data[keyCA], now)...)
	} else if ca.issued(data[keyCert], data[keyKey], names, at) {
		return data, false, nil
	}

	cert, key, err := ca.issue(names, begin, now.Add(lifetimes.Server))
	if err != nil {
		return nil, false, fmt.Errorf("creating the webhook's certificate: %w", err)
	}
	return map[string][]byte{keyCA: bundle, keyCAKey: ca.keyPEM, keyCert: cert, keyKey: key}, true, nil
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
