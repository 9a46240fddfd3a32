// Package webhook is the kind of receiver that takes CloudEvents, signed by the rules of
// Standard Webhooks. Package sending sends them.
package webhook
