package webhook

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"slices"

	"github.com/progress-sync/progress-sync/sidecar/config"
	"github.com/progress-sync/progress-sync/sidecar/events/delivery"
)

// receiverName is that of the policy. A sidecar without one sends for itself and all
// others without one.
func receiverName(c config.Config) string {
	return c.Policy.Namespace + "/" + c.Policy.Name
}

// receiverOf a configuration that has a webhook. Sending goes on where it stands when the
// address changes; only one that answered 410 counts as another then.
func receiverOf(c config.Config) delivery.Receiver {
	w := *c.Events.Webhook
	// It has only fields that encode, so there is no error to handle.
	text, _ := json.Marshal(w)
	hash := sha256.Sum256(text)
	return delivery.Receiver{Name: receiverName(c), Terms: hex.EncodeToString(hash[:8]), Types: slices.Clone(w.Types)}
}
