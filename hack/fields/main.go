// Command fields writes what follows from the table of fields (progress.Fields)
// and does not read it while the sidecar runs: the codecs of the spool and of
// updates between sidecars and the JSON of records in answers, which run for every
// update and would take longer over a table, the properties in the description of
// the API, and the fields that a table mapping in a policy may name. It writes into
// the target directory.
package main

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"

	"github.com/progress-sync/progress-sync/sidecar/progress"
)

// output is a file of which a part, or all, is generated.
type output struct {
	path   string
	render func(current string, fields []progress.Field) (string, error)
}

func outputs() []output {
	return []output{
		{"sidecar/spool/record.go", codec},
		{"sidecar/ingest/record.go", answer},
		{"sidecar/peers/wire/update.go", wire},
		{"sidecar/web/openapi/openapi.json", description},
		{"api/v1alpha1/spec_mapping.go", markers},
	}
}

func main() {
	if len(os.Args) != 2 {
		fmt.Fprintln(os.Stderr, "usage: fields target-directory")
		os.Exit(2)
	}
	if err := write(os.Args[1]); err != nil {
		fmt.Fprintln(os.Stderr, "fields:", err)
		os.Exit(1)
	}
}

func write(target string) error {
	for _, o := range outputs() {
		current, err := os.ReadFile(o.path)
		if err != nil && !errors.Is(err, fs.ErrNotExist) {
			return err
		}
		text, err := o.render(string(current), progress.Fields())
		if err != nil {
			return fmt.Errorf("%s: %w", o.path, err)
		}
		path := filepath.Join(target, o.path)
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			return err
		}
		if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
			return err
		}
	}
	return nil
}
