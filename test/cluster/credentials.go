package cluster

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/base64"
	"encoding/pem"
	"fmt"
	"math/big"
	"net"
	"os"
	"path/filepath"
	"time"
)

// validity of the certificates; a cluster lives for minutes or hours.
const validity = 30 * 24 * time.Hour

// authority signs the certificates of one cluster.
type authority struct {
	certificate *x509.Certificate
	key         *ecdsa.PrivateKey
}

// writeCredentials makes the authority, the API server's certificate, the
// administrator's, and the key of the service accounts' tokens, in pki/, and
// the kubeconfig.
func (o Options) writeCredentials() error {
	dir := o.path("pki")
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return fmt.Errorf("making the certificates' folder: %w", err)
	}
	key, err := newKey()
	if err != nil {
		return err
	}
	ca := authority{key: key, certificate: &x509.Certificate{
		Subject: pkix.Name{CommonName: "progress-sync test cluster"}, IsCA: true, BasicConstraintsValid: true,
		KeyUsage: x509.KeyUsageCertSign | x509.KeyUsageDigitalSignature,
	}}
	if err := ca.sign(filepath.Join(dir, "ca"), ca.certificate, key); err != nil {
		return err
	}
	server := &x509.Certificate{
		Subject:     pkix.Name{CommonName: "kube-apiserver"},
		KeyUsage:    x509.KeyUsageDigitalSignature,
		ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth},
		DNSNames:    []string{"kubernetes", "kubernetes.default", "kubernetes.default.svc", "localhost"},
		IPAddresses: []net.IP{net.ParseIP(o.Gateway()), net.ParseIP(o.serviceIP()), net.ParseIP("127.0.0.1")},
	}
	administrator := &x509.Certificate{
		Subject:     pkix.Name{CommonName: "administrator", Organization: []string{"system:masters"}},
		KeyUsage:    x509.KeyUsageDigitalSignature,
		ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageClientAuth},
	}
	for name, template := range map[string]*x509.Certificate{"apiserver": server, "admin": administrator} {
		key, err := newKey()
		if err != nil {
			return err
		}
		if err := ca.sign(filepath.Join(dir, name), template, key); err != nil {
			return err
		}
	}
	tokens, err := newKey()
	if err != nil {
		return err
	}
	if err := writeKey(filepath.Join(dir, "service-accounts.key"), tokens); err != nil {
		return err
	}
	return o.writeKubeconfig(dir)
}

func newKey() (*ecdsa.PrivateKey, error) {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return nil, fmt.Errorf("making a key: %w", err)
	}
	return key, nil
}

// sign writes <path>.crt and <path>.key.
func (a authority) sign(path string, template *x509.Certificate, key *ecdsa.PrivateKey) error {
	serial, err := rand.Int(rand.Reader, new(big.Int).Lsh(big.NewInt(1), 120))
	if err != nil {
		return fmt.Errorf("numbering a certificate: %w", err)
	}
	template.SerialNumber = serial
	template.NotBefore, template.NotAfter = time.Now().Add(-time.Hour), time.Now().Add(validity)
	der, err := x509.CreateCertificate(rand.Reader, template, a.certificate, key.Public(), a.key)
	if err != nil {
		return fmt.Errorf("signing %s: %w", filepath.Base(path), err)
	}
	content := pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der})
	if err := os.WriteFile(path+".crt", content, 0o600); err != nil {
		return fmt.Errorf("writing a certificate: %w", err)
	}
	return writeKey(path+".key", key)
}

func writeKey(path string, key *ecdsa.PrivateKey) error {
	der, err := x509.MarshalECPrivateKey(key)
	if err != nil {
		return fmt.Errorf("encoding a key: %w", err)
	}
	content := pem.EncodeToMemory(&pem.Block{Type: "EC PRIVATE KEY", Bytes: der})
	if err := os.WriteFile(path, content, 0o600); err != nil {
		return fmt.Errorf("writing a key: %w", err)
	}
	return nil
}

func (o Options) writeKubeconfig(pki string) error {
	var encoded [3]string
	for i, name := range []string{"ca.crt", "admin.crt", "admin.key"} {
		content, err := os.ReadFile(filepath.Join(pki, name))
		if err != nil {
			return fmt.Errorf("reading a certificate: %w", err)
		}
		encoded[i] = base64.StdEncoding.EncodeToString(content)
	}
	content := fmt.Sprintf(`apiVersion: v1
kind: Config
current-context: progress-sync
contexts:
- name: progress-sync
  context: {cluster: progress-sync, user: administrator}
clusters:
- name: progress-sync
  cluster:
    server: %s
    certificate-authority-data: %s
users:
- name: administrator
  user:
    client-certificate-data: %s
    client-key-data: %s
`, o.server(), encoded[0], encoded[1], encoded[2])
	if err := os.WriteFile(o.Kubeconfig(), []byte(content), 0o600); err != nil {
		return fmt.Errorf("writing the kubeconfig: %w", err)
	}
	return nil
}
