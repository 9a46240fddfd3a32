// Package scan reads updates from the body of a request.
//
// Bytes come in: a JSON object, an array of them, or one a line. Out go the updates
// of the good items, and for each bad one what is wrong with which field, in words
// that say what to send instead. It does so in place, in one pass and with one
// allocation an update, since this is where a busy sidecar spends its time; which
// fields there are the table of package progress says. It keeps promise 7: what
// can't be used is named, and what is acknowledged is what was meant.
package scan
