package openapi_test

import (
	"strings"
	"testing"

	"github.com/progress-sync/progress-sync/sidecar/ingest"
)

const (
	postStatements, putStatement = "POST /v1/xapi/statements", "PUT /v1/xapi/statements"
	postEnvelope, aboutXAPI      = "POST /v1/caliper", "GET /v1/xapi/about"
)

// tells are the exchanges of the calls that take what standards say.
func tells() (list []exchange) {
	off := limits(func(l *ingest.Limits) { l.Standards = nil })
	for _, op := range []string{postStatements, putStatement, postEnvelope} {
		list = append(list, []exchange{
			{op, "that the policy does not name", ready, 404, "not-found", off, false},
			{op, "of half a document", ready, 400, "malformed", give("{"), false},
			{op, "of nothing that is needed", ready, 400, "invalid", give("{}"), false},
			{op, "of an erased learner", ready, 410, "erased", func(t *testing.T, s *stand, r *request) {
				s.must(t, "DELETE", "/v1/users/lost", "")
				const id, other = "4f1c8c1e-9a53-4c8e-8a53-0d9a4a6d1c01", "4f1c8c1e-9a53-4c8e-8a53-0d9a4a6d1c09"
				r.body = strings.NewReplacer(`"ada"`, `"lost"`, ":ada", ":lost", id, other).Replace(r.body)
				if r.query.Has("statementId") {
					r.query.Set("statementId", other)
				}
			}, false},
			{op, "of too many bytes", ready, 413, "too-large", limits(func(l *ingest.Limits) { l.MaxBodyBytes = 10 }), false},
			{op, "of XML", ready, 415, "media-type", func(_ *testing.T, _ *stand, r *request) { r.give("application/xml", "<a/>") }, false},
			{op, "of one more than may wait", away, 429, "full", nil, false},
			{op, "among too many", ready, 503, "overloaded", limits(func(l *ingest.Limits) { l.MaxConcurrent = 0 }), false},
			{op, "during the shutdown", closed, 503, "stopping", nil, false},
			{op, "on a full disk", full, 507, "no-space", nil, false},
			{op, "that may have reached the learner's home", ready, 503, "in-doubt", inDoubt, false},
		}...)
	}
	for _, op := range []string{postStatements, putStatement} {
		list = append(list, exchange{op, "of another id's", ready, 409, "conflict", func(_ *testing.T, _ *stand, r *request) {
			r.body = strings.ReplaceAll(r.body, "0[.]45", "0[.]44")
		}, false})
	}
	return append(list, []exchange{
		{aboutXAPI, "that the policy does not name", ready, 404, "not-found", off, false},
		{postStatements, "of no version", ready, 400, "xapi-version", func(_ *testing.T, _ *stand, r *request) {
			r.header.Del("X-Experience-API-Version")
		}, false},
		{putStatement, "without an id", ready, 400, "query", func(_ *testing.T, _ *stand, r *request) { r.query.Del("statementId") }, false},
		{postEnvelope, "of a version to come", ready, 422, "invalid", func(_ *testing.T, _ *stand, r *request) {
			r.body = strings.ReplaceAll(r.body, "v1p2", "v9")
		}, false},
	}...)
}
