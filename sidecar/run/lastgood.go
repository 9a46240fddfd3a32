package run

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"

	"github.com/progress-sync/progress-sync/sidecar/config"
)

// firstConfig is the configuration to start with: that of the file or, where
// the file can't be used, the last good one that this spool was used with.
func (s *sidecar) firstConfig() config.Config {
	c, err := config.Load(s.options.ConfigFile)
	if err == nil {
		s.state.SetConfig(c.Policy)
		return c
	}
	last, found := s.lastConfig()
	if !found {
		s.refuseConfig(err, "defaults")
		return config.Default()
	}
	s.state.SetConfig(last.Policy)
	s.refuseConfig(err, "the last good one")
	return last
}

// keptConfig lies in the spool, and so goes where the spool goes.
func (s *sidecar) keptConfig() string { return filepath.Join(s.options.Spool, "config.json") }

func (s *sidecar) lastConfig() (config.Config, bool) {
	data, err := os.ReadFile(s.keptConfig())
	if err != nil {
		return config.Config{}, false
	}
	c, err := config.Parse(data)
	return c, err == nil
}

// keepConfig writes the configuration down for a start without a good one.
// Nothing depends on it while the file is good, so that a failure is told and
// otherwise ignored.
func (s *sidecar) keepConfig(c config.Config) {
	if last, found := s.lastConfig(); found && last.Equal(c) {
		return
	}
	if err := writeConfig(s.keptConfig(), c); err != nil {
		s.log.V(1).Info("The configuration can't be kept for a restart", "reason", err.Error())
	}
}

func writeConfig(path string, c config.Config) (err error) {
	data, err := json.Marshal(c)
	if err != nil {
		return fmt.Errorf("encoding the configuration: %w", err)
	}
	file, err := os.CreateTemp(filepath.Dir(path), filepath.Base(path)+".*")
	if err != nil {
		return fmt.Errorf("keeping the configuration: %w", err)
	}
	_, err = file.Write(data)
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
