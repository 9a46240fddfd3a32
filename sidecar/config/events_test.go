package config

import (
	"strings"
	"testing"
)

func TestWebhooks(t *testing.T) {
	for name, c := range map[string]struct {
		webhook string
		valid   bool
	}{
		"none":                 {`null`, true},
		"an address":           {`{"url": "https://lms.example.com/events"}`, true},
		"all it may have":      {`{"url": "http://lms.campus.svc:8080/events", "batch": 100, "types": ["dev.progresssync.lesson.completed"]}`, true},
		"no address":           {`{}`, false},
		"no host":              {`{"url": "https:///events"}`, false},
		"a file":               {`{"url": "file:///etc/passwd"}`, false},
		"a password":           {`{"url": "https://user:password@lms.example.com/"}`, false},
		"a fragment":           {`{"url": "https://lms.example.com/#x"}`, false},
		"a batch that is long": {`{"url": "https://lms.example.com/", "batch": 101}`, false},
		"a type that is none":  {`{"url": "https://lms.example.com/", "types": ["completed"]}`, false},
	} {
		_, err := Parse([]byte(`{"events": {"webhook": ` + c.webhook + `}}`))
		if (err == nil) != c.valid {
			t.Errorf("%s: %v", name, err)
		}
		if err != nil && !strings.Contains(err.Error(), "events.webhook is ") {
			t.Errorf("%s: the error does not name the setting: %v", name, err)
		}
	}
}
