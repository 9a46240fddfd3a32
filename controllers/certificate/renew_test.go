package certificate

import (
	"bytes"
	"crypto/rand"
	"crypto/rsa"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"math/big"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	corev1 "k8s.io/api/core/v1"
)

var (
	names = []string{"progress-sync-webhook.progress-sync.svc", "progress-sync-webhook"}
	start = time.Date(2026, 11, 1, 8, 0, 0, 0, time.UTC)
)

const day = 24 * time.Hour

// renew at a time; the test fails on an error.
func renew(t *testing.T, data map[string][]byte, names []string, now time.Time) (map[string][]byte, bool) {
	t.Helper()
	out, changed, err := Renew(data, names, DefaultLifetimes(), now)
	if err != nil {
		t.Fatal(err)
	}
	return out, changed
}

// believed says whether a client that trusts the bundle believes the certificate.
func believed(t *testing.T, bundle, cert, key []byte, name string, now time.Time) error {
	t.Helper()
	pair, err := tls.X509KeyPair(cert, key)
	if err != nil {
		t.Fatal(err)
	}
	leaf, err := x509.ParseCertificate(pair.Certificate[0])
	if err != nil {
		t.Fatal(err)
	}
	roots := x509.NewCertPool()
	if !roots.AppendCertsFromPEM(bundle) {
		t.Fatal("the bundle holds no certificate")
	}
	_, err = leaf.Verify(x509.VerifyOptions{DNSName: name, Roots: roots, CurrentTime: now})
	return err
}

func TestAnEmptySecretGetsACertificateForEveryName(t *testing.T) {
	for _, data := range []map[string][]byte{nil, {}, {keyCert: nil, keyKey: nil}, {keyCA: []byte("x"), keyCAKey: []byte("y")}} {
		got, changed := renew(t, data, names, start)
		if !changed {
			t.Fatal("nothing was issued")
		}
		for _, name := range names {
			if err := believed(t, got[keyCA], got[keyCert], got[keyKey], name, start); err != nil {
				t.Errorf("%s: %v", name, err)
			}
		}
	}
}

func TestACertificateThatLastsIsLeftAlone(t *testing.T) {
	data, _ := renew(t, nil, names, start)
	for _, after := range []time.Duration{0, day, 274 * day} {
		if got, changed := renew(t, data, names, start.Add(after)); changed || !cmp.Equal(data, got) {
			t.Errorf("it was renewed after %s", after)
		}
	}
}

func TestTheServerCertificateIsRenewedUnderTheSameCA(t *testing.T) {
	data, _ := renew(t, nil, names, start)
	now := start.Add(276 * day) // a year less the 90 days of lookahead
	got, changed := renew(t, data, names, now)
	if !changed || bytes.Equal(data[keyCert], got[keyCert]) {
		t.Fatal("it was not renewed")
	}
	if !bytes.Equal(data[keyCA], got[keyCA]) {
		t.Error("the CA changed with it")
	}
	if err := believed(t, data[keyCA], got[keyCert], got[keyKey], names[0], now); err != nil {
		t.Errorf("a client that trusts the CA of before does not believe it: %v", err)
	}
}

func TestAnotherServiceNameGetsAnotherCertificate(t *testing.T) {
	data, _ := renew(t, nil, names, start)
	got, changed := renew(t, data, []string{"other.progress-sync.svc"}, start)
	if !changed {
		t.Fatal("it was not renewed")
	}
	if err := believed(t, data[keyCA], got[keyCert], got[keyKey], "other.progress-sync.svc", start); err != nil {
		t.Error(err)
	}
}

func TestTheOldCAStaysTrustedBesideTheNew(t *testing.T) {
	data, _ := renew(t, nil, names, start)
	now := start.Add(3600 * day)
	got, changed := renew(t, data, names, now)
	if !changed || bytes.Equal(data[keyCAKey], got[keyCAKey]) {
		t.Fatal("the CA was not renewed")
	}
	if err := believed(t, got[keyCA], got[keyCert], got[keyKey], names[0], now); err != nil {
		t.Errorf("the new certificate: %v", err)
	}
	// A replica that has not heard of the rotation shows a certificate of the old CA.
	late, _ := renew(t, data, names, start.Add(3300*day))
	if err := believed(t, got[keyCA], late[keyCert], late[keyKey], names[0], now); err != nil {
		t.Errorf("a certificate of the old CA: %v", err)
	}
	again, changed := renew(t, got, names, now.Add(day))
	if changed || !cmp.Equal(got, again) {
		t.Error("a bundle of two is renewed again and again")
	}
	last, _ := renew(t, got, names, now.Add(3600*day))
	if n := bytes.Count(last[keyCA], []byte("BEGIN CERTIFICATE")); n != 2 {
		t.Errorf("the bundle keeps %d certificates, those that expired among them", n)
	}
}

func TestServing(t *testing.T) {
	var serving Serving
	if _, err := serving.GetCertificate(nil); err == nil || serving.Ready() == nil {
		t.Error("it serves before there is a certificate")
	}
	if err := serving.Set(&corev1.Secret{}); err == nil {
		t.Error("an empty Secret is taken")
	}
	data, _ := renew(t, nil, names, start)
	if err := serving.Set(&corev1.Secret{Data: data}); err != nil {
		t.Fatal(err)
	}
	if want := start.Add(365 * day); !serving.NotAfter().Equal(want) || serving.Ready() != nil {
		t.Errorf("it expires %s, want %s", serving.NotAfter(), want)
	}
	if err := serving.Set(&corev1.Secret{Data: map[string][]byte{keyCert: []byte("x"), keyKey: []byte("y")}}); err == nil {
		t.Error("a broken Secret is taken")
	}
	if _, err := serving.GetCertificate(nil); err != nil {
		t.Errorf("a broken Secret ends the serving of the certificate before it: %v", err)
	}
}

// A Secret of an installation from before the keys of the curve P-256 has a CA
// with an RSA key, which lasts ten years and stays.
func TestACAWithAnRSAKeyGoesOn(t *testing.T) {
	key, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{
		SerialNumber: big.NewInt(0), Subject: pkix.Name{CommonName: caName},
		NotBefore: start, NotAfter: start.Add(3650 * day),
		KeyUsage: x509.KeyUsageCertSign, BasicConstraintsValid: true, IsCA: true,
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, key.Public(), key)
	if err != nil {
		t.Fatal(err)
	}
	data := map[string][]byte{
		keyCA:    certificatePEM(der),
		keyCAKey: pem.EncodeToMemory(&pem.Block{Type: "RSA PRIVATE KEY", Bytes: x509.MarshalPKCS1PrivateKey(key)}),
	}
	got, changed := renew(t, data, names, start.Add(day))
	if !changed || !bytes.Equal(data[keyCA], got[keyCA]) || !bytes.Equal(data[keyCAKey], got[keyCAKey]) {
		t.Fatal("the CA was replaced")
	}
	if err := believed(t, data[keyCA], got[keyCert], got[keyKey], names[0], start.Add(day)); err != nil {
		t.Error(err)
	}
	if _, changed := renew(t, got, names, start.Add(2*day)); changed {
		t.Error("its certificate is renewed again and again")
	}
}

// The bundle stands in every entry of the webhook configurations, twice while
// the CA is replaced.
func TestACAIsSmall(t *testing.T) {
	data, _ := renew(t, nil, names, start)
	if n := len(data[keyCA]); n > 700 {
		t.Errorf("the CA's certificate takes %d bytes", n)
	}
}
