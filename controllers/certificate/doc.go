// Package certificate gives the webhook server its certificate and keeps it
// from expiring.
//
// In comes one Secret of the operator's namespace. The leader's Rotator fills
// it and renews what is in it long before it expires; Serving, on every
// replica, takes from it what the TLS server shows, and the CA that the API
// server has to trust, at once when it changes. No volume and no restart is
// involved, so replicas start at once with an empty namespace and follow every
// rotation. With rotation switched off the Secret is somebody else's, say
// cert-manager's, and only read.
//
// It keeps promise 5 of design.md: an expired certificate would leave pods
// without sidecars and nobody would know; so it renews by itself, and its
// expiry is a metric.
package certificate
