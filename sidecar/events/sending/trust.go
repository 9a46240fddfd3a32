package sending

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"io/fs"
	"net"
	"os"
	"path/filepath"
)

// CAFile of the mounted Secret has the certificates that the receiver's is trusted by, in
// PEM. Without it those are trusted that the image has.
const CAFile = "ca.crt"

// trusted reads CAFile. It is nil, for those of the image, if there is none.
func trusted(dir string) (*x509.CertPool, error) {
	text, err := os.ReadFile(filepath.Join(dir, CAFile))
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("reading the CA of the receiver: %w", err)
	}
	pool := x509.NewCertPool()
	if !pool.AppendCertsFromPEM(text) {
		return nil, fmt.Errorf("file %s has no certificate in PEM", CAFile)
	}
	return pool, nil
}

// dialTLS opens connections to who has a certificate that is trusted at that moment. An error
// is one of dialing: nothing was sent.
func dialTLS(dir string, dialer *net.Dialer) func(ctx context.Context, network, address string) (net.Conn, error) {
	return func(ctx context.Context, network, address string) (net.Conn, error) {
		ctx, cancel := context.WithTimeout(ctx, connectTimeout)
		defer cancel()
		roots, err := trusted(dir)
		if err == nil {
			secured := tls.Dialer{NetDialer: dialer, Config: &tls.Config{RootCAs: roots, NextProtos: []string{"h2", "http/1.1"}, MinVersion: tls.VersionTLS12}}
			var conn net.Conn
			if conn, err = secured.DialContext(ctx, network, address); err == nil {
				return conn, nil
			}
		}
		return nil, &net.OpError{Op: "dial", Net: network, Err: err}
	}
}
