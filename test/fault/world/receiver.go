package world

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"

	"github.com/progress-sync/progress-sync/test/fault/receiver"
)

// firstSecret signs events at first.
const firstSecret = "whsec_Zmlyc3QgYW5kIGxvbmcgZW5vdWdoIHRvIHNpZ24="

func (w *World) startReceiver() (err error) {
	if w.Receiver, err = receiver.Start(); err != nil {
		return err
	}
	w.Config.Events.Webhook.URL = w.Receiver.URL()
	w.secret = firstSecret
	w.Receiver.Trust(w.secret)
	if err := os.MkdirAll(w.secretDir(), 0o755); err != nil {
		return fmt.Errorf("making the folder of the webhook's secret: %w", err)
	}
	return w.mountSecret("secret", w.secret)
}

// secretDir is what all sidecars have mounted.
func (w *World) secretDir() string { return filepath.Join(w.options.Dir, "webhook-secret") }

// mountSecret writes one of its files in one step.
func (w *World) mountSecret(name, content string) error {
	path := filepath.Join(w.secretDir(), name)
	if err := os.WriteFile(path+".new", []byte(content), 0o600); err != nil {
		return fmt.Errorf("writing the webhook's secret: %w", err)
	}
	if err := os.Rename(path+".new", path); err != nil {
		return fmt.Errorf("writing the webhook's secret: %w", err)
	}
	return nil
}

// ChangeSecret gives the sidecars another secret to sign with, beside the one that the
// receiver knows.
func (w *World) ChangeSecret(secret string) error {
	before := w.secret
	w.secret = secret
	return errors.Join(w.mountSecret("previous", before), w.mountSecret("secret", secret))
}

// ForgetSecret has the receiver know the new secret only, and the sidecars too.
func (w *World) ForgetSecret() error {
	w.Receiver.Trust(w.secret)
	if err := os.Remove(filepath.Join(w.secretDir(), "previous")); err != nil {
		return fmt.Errorf("removing the webhook's secret of before: %w", err)
	}
	return nil
}

// Sender is the sidecar that has sent what was caught, nil if that has ended.
func (w *World) Sender(of *receiver.Caught) *Sidecar {
	name := w.caller(of.Client, of.Server)
	for _, s := range w.Sidecars {
		if s.Name == name {
			return s
		}
	}
	return nil
}

// Losses is how often the primary's last moments were lost so far: events that were
// written then may have been sent, and are written again with other times.
func (w *World) Losses() int {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.losses
}
