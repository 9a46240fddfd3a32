package webhookconfig

import (
	"encoding/pem"

	"github.com/progress-sync/progress-sync/api/v1alpha1"
)

// maxBytes of a configuration as the API server stores it, with two CAs in each
// entry. etcd takes requests of 1572864 bytes (--max-request-bytes); what is
// left is for the fields that others own, such as after a kubectl edit.
const maxBytes = 1_400_000

// baseBytes of a configuration without entries: its name, labels, owner, and
// who owns which of these fields.
const baseBytes = 4096

// ownedFields is what the API server keeps of one entry among the managed
// fields of whoever applied it, but for the entry's name, which stands between
// the two parts (KEP-555).
const (
	ownedFieldsBefore = `"k:{\"name\":\"`
	ownedFieldsAfter  = `\"}":{".":{},"f:admissionReviewVersions":{},"f:clientConfig":{"f:caBundle":{},` +
		`"f:service":{"f:name":{},"f:namespace":{},"f:path":{},"f:port":{}}},"f:failurePolicy":{},"f:matchPolicy":{},"f:name":{},` +
		`"f:namespaceSelector":{},"f:objectSelector":{},"f:reinvocationPolicy":{},"f:rules":{},"f:sideEffects":{},"f:timeoutSeconds":{}},`
)

// frame of an entry within its configuration: a tag and a length, in protobuf.
const frame = 4

// entryBytes that a policy's entry takes: itself, in protobuf, and its share of
// the managed fields.
func entryBytes(policy *v1alpha1.ProgressSyncPolicy, server Server) int {
	e := entry(policy, server)
	return frame + e.Size() + len(ownedFieldsBefore) + len(e.Name) + len(ownedFieldsAfter)
}

// reserved is the server with as many bytes of CAs as there are while one CA
// replaces another. They are rounded up, so that a replacement that is a few
// bytes longer does not move the bound.
func reserved(server Server) Server {
	const step = 256
	largest := 0
	for block, rest := pem.Decode(server.CABundle); block != nil; block, rest = pem.Decode(rest) {
		largest = max(largest, len(pem.EncodeToMemory(block)))
	}
	need := max(2*largest, len(server.CABundle))
	server.CABundle = make([]byte, (need+step-1)/step*step)
	return server
}
