package webhook

import (
	"encoding/base64"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"github.com/progress-sync/progress-sync/sidecar/events/delivery"
)

// Files of the mounted Secret. With both of them requests are signed twice, so that the
// receiver may go over from one to the other at any time.
const (
	SecretFile   = "secret"
	PreviousFile = "previous"
)

// Length of a secret in bytes. Standard Webhooks asks for 24 to 64; what is longer does no harm.
const (
	leastSecret   = 16
	longestSecret = 256
)

// secretPrefix marks a secret of Standard Webhooks.
const secretPrefix = "whsec_"

// parseSecret reads a secret such as whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw: base64, with or
// without the prefix. An error says what is wrong and nothing of the secret.
func parseSecret(text string) ([]byte, error) {
	text = strings.TrimPrefix(strings.TrimSpace(text), secretPrefix)
	key, err := base64.StdEncoding.DecodeString(text)
	if err != nil {
		key, err = base64.RawStdEncoding.DecodeString(text)
	}
	switch {
	case err != nil:
		return nil, errors.New("the webhook's secret is not base64; make one with: echo whsec_$(openssl rand -base64 32)")
	case len(key) < leastSecret || len(key) > longestSecret:
		return nil, fmt.Errorf("the webhook's secret has %d bytes, allowed are %d to %d; make one with: echo whsec_$(openssl rand -base64 32)",
			len(key), leastSecret, longestSecret)
	}
	return key, nil
}

// readSecrets returns what to sign with, the one in use first, as the files have it now.
// It is delivery.ErrNoSecret where there is none.
func readSecrets(dir string) ([][]byte, error) {
	var keys [][]byte
	for _, name := range []string{SecretFile, PreviousFile} {
		text, err := os.ReadFile(filepath.Join(dir, name))
		if errors.Is(err, fs.ErrNotExist) {
			if name == SecretFile {
				return nil, delivery.ErrNoSecret
			}
			continue
		}
		if err != nil {
			return nil, fmt.Errorf("reading the webhook's secret: %w", err)
		}
		key, err := parseSecret(string(text))
		if err != nil {
			return nil, fmt.Errorf("file %s: %w", name, err)
		}
		keys = append(keys, key)
	}
	return keys, nil
}
