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

func TestLRSs(t *testing.T) {
	for name, c := range map[string]struct {
		xapi  string
		valid bool
	}{
		"none":                        {`null`, true},
		"what it must have":           {`{"endpoint": "https://lrs.example.com/xapi", "homePage": "https://lms.example.com"}`, true},
		"all it may have":             {`{"endpoint": "http://lrs.campus.svc/xapi/", "homePage": "urn:campus", "version": "2.0.0", "activityId": "urn:{courseId}:{lessonId}", "courseActivityId": "urn:{courseId}", "batch": 100}`, true},
		"no endpoint":                 {`{"homePage": "https://lms.example.com"}`, false},
		"no home page":                {`{"endpoint": "https://lrs.example.com/xapi"}`, false},
		"a password":                  {`{"endpoint": "https://a:b@lrs.example.com/xapi", "homePage": "https://lms.example.com"}`, false},
		"a query":                     {`{"endpoint": "https://lrs.example.com/xapi?a=b", "homePage": "https://lms.example.com"}`, false},
		"the statements themselves":   {`{"endpoint": "https://lrs.example.com/xapi/statements", "homePage": "https://lms.example.com"}`, false},
		"a version to come":           {`{"endpoint": "https://lrs.example.com/xapi", "homePage": "https://lms.example.com", "version": "3.0.0"}`, false},
		"all lessons as one":          {`{"endpoint": "https://lrs.example.com/xapi", "homePage": "https://lms.example.com", "activityId": "https://lms.example.com/"}`, false},
		"a course that is no IRI":     {`{"endpoint": "https://lrs.example.com/xapi", "homePage": "https://lms.example.com", "courseActivityId": "{courseId}"}`, false},
		"more statements than can be": {`{"endpoint": "https://lrs.example.com/xapi", "homePage": "https://lms.example.com", "batch": 101}`, false},
	} {
		_, err := Parse([]byte(`{"events": {"xapi": ` + c.xapi + `}}`))
		if (err == nil) != c.valid {
			t.Errorf("%s: %v", name, err)
		}
		if err != nil && !strings.Contains(err.Error(), "events.xapi is ") {
			t.Errorf("%s: the error does not name the setting: %v", name, err)
		}
	}
}
