package run

import (
	"bytes"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
)

// keptConfig lies in the spool, and so goes where the spool goes.
func (s *sidecar) keptConfig() string { return filepath.Join(s.options.Spool, "config.json") }

// keep writes down the text of the configuration in use, for a start without the
// file. A failure is only logged: while the file is there nothing needs the copy.
func (s *sidecar) keep() {
	text := s.choice.Text
	if len(text) == 0 {
		return
	}
	if last, err := os.ReadFile(s.keptConfig()); err == nil && bytes.Equal(last, text) {
		return
	}
	if err := replaceFile(s.keptConfig(), text); err != nil {
		s.log.Info("The configuration can't be kept for a restart", "reason", err.Error())
	}
}

// replaceFile goes by one other name beside path, so that processes which are killed
// on the way leave one file and not one each. Nobody else may write path.
func replaceFile(path string, content []byte) error {
	file, err := os.OpenFile(path+".new", os.O_CREATE|os.O_TRUNC|os.O_WRONLY, 0o600)
	if err != nil {
		return fmt.Errorf("keeping the configuration: %w", err)
	}
	_, err = file.Write(content)
	if err = errors.Join(err, file.Sync(), file.Close()); err == nil {
		err = os.Rename(file.Name(), path)
	}
	if err != nil {
		if gone := os.Remove(file.Name()); !errors.Is(gone, fs.ErrNotExist) {
			err = errors.Join(err, gone)
		}
		return fmt.Errorf("keeping the configuration: %w", err)
	}
	return nil
}
