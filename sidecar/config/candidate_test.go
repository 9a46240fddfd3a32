package config_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/progress-sync/progress-sync/sidecar/config"
)

func TestWhatLiesInThePlaceOfTheFile(t *testing.T) {
	for name, c := range map[string]struct {
		make func(path string) error
		text string
		says string // in the error, which names the path
	}{
		"nothing":                        {func(string) error { return nil }, "", ""},
		"a directory without the file":   {func(path string) error { return os.MkdirAll(filepath.Dir(path), 0o755) }, "", ""},
		"an empty file":                  {file(""), "", ""},
		"a file of spaces":               {file(" \n"), "", ""},
		"an empty object":                {file("{}"), "{}", ""},
		"a configuration":                {file(`{"sync":{"batchSize":5}}`), `{"sync":{"batchSize":5}}`, ""},
		"half a configuration":           {file(`{"sync":{"batch`), `{"sync":{"batch`, "must be one JSON object"},
		"a configuration with a mistake": {file(`{"sync":{"batchSize":0}}`), `{"sync":{"batchSize":0}}`, "sync.batchSize is 0"},
		"a directory":                    {func(path string) error { return os.MkdirAll(path, 0o755) }, "", "is a directory"},
		"a link to nowhere":              {func(path string) error { return link("nowhere", path) }, "", ""},
	} {
		t.Run(name, func(t *testing.T) {
			path := filepath.Join(t.TempDir(), "config", "config.json")
			if err := c.make(path); err != nil {
				t.Fatal(err)
			}
			got := config.ReadFile(path)
			if string(got.Text) != c.text || got.From != path {
				t.Errorf("%q from %s", got.Text, got.From)
			}
			switch {
			case (got.Err == nil) != (c.says == ""):
				t.Errorf("error %v, want %q", got.Err, c.says)
			case got.Err != nil && (!strings.Contains(got.Err.Error(), c.says) || !strings.Contains(got.Err.Error(), path)):
				t.Errorf("error %v does not say %q of %s", got.Err, c.says, path)
			}
		})
	}
}

func file(content string) func(path string) error {
	return func(path string) error {
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			return err
		}
		return os.WriteFile(path, []byte(content), 0o600)
	}
}

func link(target, path string) error {
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		return err
	}
	return os.Symlink(target, path)
}
