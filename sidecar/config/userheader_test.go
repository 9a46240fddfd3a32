package config_test

import (
	"strings"
	"testing"

	"github.com/progress-sync/progress-sync/sidecar/config"
)

func TestAUserHeaderIsOneThatOnlyAProxySets(t *testing.T) {
	for name, allowed := range map[string]bool{
		"X-Progress-User": true, "x-progress-user": true, "Remote-User": true, "X-Forwarded-User": true, "X-Auth-Request-User": true,
		"X_User.1": true, "A": true, strings.Repeat("a", 64): true,

		strings.Repeat("a", 65): false, "X User": false, "X-User:": false, "X-Üser": false, "X-User\n": false, "a,b": false,
		"Accept": false, "ACCEPT-LANGUAGE": false, "Content-Language": false, "content-type": false, "Content-Length": false,
		"Range": false, "Host": false, "Cookie": false, "Authorization": false, "Origin": false, "Referer": false, "User-Agent": false,
		"Sec-Fetch-Site": false, "Sec-CH-UA": false, "Connection": false, "Transfer-Encoding": false, "Trailer": false, "TE": false,
		"Upgrade": false, "Proxy-Authorization": false, "If-None-Match": false, "Last-Event-ID": false, "Prefer": false,
		"X-CSRF-Token": false, "X-Forwarded-For": false, "DPR": false,
	} {
		c := config.Default()
		c.Ingest.UserHeader = name
		if err := c.Validate(); (err == nil) != allowed {
			t.Errorf("%q: allowed should be %v, got %v", name, allowed, err)
		}
	}
}
