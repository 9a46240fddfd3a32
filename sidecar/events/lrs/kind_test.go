package lrs

import (
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/progress-sync/progress-sync/sidecar/config"
	"github.com/progress-sync/progress-sync/sidecar/events/delivery"
)

func TestWhatAStoreMeansByItsAnswer(t *testing.T) {
	for _, c := range []struct {
		name           string
		status, events int
		want           delivery.Meaning
	}{
		{"ids", 200, 30, delivery.Taken},
		{"nothing", 204, 1, delivery.Taken},
		{"the statement is there", 409, 1, delivery.Taken},
		{"one of several is there, or an id was twice", 409, 2, delivery.Refused},
		{"a statement that it can't read", 400, 1, delivery.Refused},
		{"no such user", 401, 1, delivery.Denied},
		{"a user who may not write", 403, 30, delivery.Denied},
		{"no store at that address", 404, 1, delivery.Refused},
		{"too many bytes", 413, 30, delivery.Refused},
		{"too many requests", 429, 1, delivery.Busy},
		{"its own fault", 500, 1, delivery.Refused},
		{"maintenance", 503, 30, delivery.Busy},
		{"gone for good", 410, 1, delivery.Gone},
	} {
		if got := New("").Meaning(c.status, c.events); got != c.want {
			t.Errorf("%s: %d to %d statements means %d, want %d", c.name, c.status, c.events, got, c.want)
		}
	}
}

func TestTheTaskIsThatOfTheConfiguration(t *testing.T) {
	c := config.Default()
	if task := New("").Task(c); task != nil {
		t.Errorf("without an LRS it is %+v", *task)
	}
	c.Policy = config.Policy{Namespace: "campus", Name: "lms"}
	c.Events.XAPI = &config.XAPI{Endpoint: "https://lrs.example.com/data/xAPI/", HomePage: "https://lms.example.com"}
	task := New("").Task(c)
	if task.Name != "campus/lms/xapi" || task.URL != "https://lrs.example.com/data/xAPI/statements" || task.Batch != config.DefaultStatements ||
		!slices.Equal(task.Types, []string{config.EventCompleted, config.EventLeft}) {
		t.Errorf("it is %+v", *task)
	}
	before := task.Terms
	c.Events.XAPI.Endpoint = "https://lrs.example.com/other"
	if New("").Task(c).Terms == before {
		t.Error("another endpoint has the same terms, so that one that answered 410 stays stopped")
	}
}

func TestTheStoreKnowsTheSidecarByItsSecret(t *testing.T) {
	for name, c := range map[string]struct {
		files       map[string]string
		want, wrong string
	}{
		"nothing":                   {nil, "", "is missing"},
		"a user":                    {map[string]string{UsernameFile: "ada\n", PasswordFile: " lovelace:1 "}, "Basic YWRhOmxvdmVsYWNlOjE=", ""},
		"a header":                  {map[string]string{AuthorizationFile: "Bearer x.y\n"}, "Bearer x.y", ""},
		"a header goes first":       {map[string]string{AuthorizationFile: "Bearer x.y", UsernameFile: "ada", PasswordFile: "p"}, "Bearer x.y", ""},
		"a user without a password": {map[string]string{UsernameFile: "ada"}, "", "only one of"},
		"a password without a user": {map[string]string{PasswordFile: "lovelace"}, "", "only one of"},
		"a user with a colon":       {map[string]string{UsernameFile: "ada:x", PasswordFile: "lovelace"}, "", "has a colon"},
		"an empty password":         {map[string]string{UsernameFile: "ada", PasswordFile: "\n"}, "", "password in the Secret"},
		"a header of two lines":     {map[string]string{AuthorizationFile: "Bearer lovelace\nX-Other: 1"}, "", "control characters"},
	} {
		t.Run(name, func(t *testing.T) {
			dir := t.TempDir()
			for file, text := range c.files {
				if err := os.WriteFile(filepath.Join(dir, file), []byte(text), 0o600); err != nil {
					t.Fatal(err)
				}
			}
			got, err := readAuthorization(dir)
			if got != c.want || (err == nil) != (c.wrong == "") || err != nil && !strings.Contains(err.Error(), c.wrong) {
				t.Errorf("got %q, %v", got, err)
			}
			if err != nil && strings.Contains(err.Error(), "lovelace") {
				t.Errorf("the error tells the secret: %v", err)
			}
			if ready := New(dir).Ready(); errors.Is(ready, delivery.ErrNoSecret) != (c.files == nil) {
				t.Errorf("ready says %v", ready)
			}
		})
	}
}
