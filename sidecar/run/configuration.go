package run

import (
	"context"
	"slices"

	"github.com/progress-sync/progress-sync/sidecar/config"
	"github.com/progress-sync/progress-sync/sidecar/flush"
	"github.com/progress-sync/progress-sync/sidecar/postgres/connstring"
)

// watch follows the configuration and the Secret until ctx ends.
func (s *sidecar) watch(ctx context.Context) {
	config.Watch(ctx,
		config.Watched{Files: []string{s.options.ConfigFile}, Changed: s.reload},
		config.Watched{Files: s.secretFiles(), Changed: s.reloadSecret},
	)
}

// reloadSecret lets the next connection follow the Secret.
func (s *sidecar) reloadSecret() {
	if text, err := s.databaseURI(); err == nil {
		// What is wrong with the text is told by whoever connects.
		target, err := connstring.Parse(text)
		s.state.SetLocal(err == nil && target.Local())
	}
	s.db.Reload()
	s.reports.Reload()
	s.flusher.Nudge()
}

// firstConfig takes a configuration into use before there are parts that follow
// it.
func (s *sidecar) firstConfig() {
	s.kept = config.ReadFile(s.keptConfig())
	s.injected = config.Read(config.InjectedVariable, []byte(s.options.InjectedConfig))
	s.take(s.choose())
	s.logging.set(s.choice.Config.Logging.Level)
	if err := s.injected.Err; err != nil && s.choice.Source == config.SourceFile {
		s.log.Error(err, "The configuration of the injection can't be used, and is not needed as long as there is the file; create the pod anew")
	}
}

// reload takes another configuration into use if there is one.
func (s *sidecar) reload() {
	s.mu.Lock()
	defer s.mu.Unlock()
	before := s.choice.Config
	s.take(s.choose())
	s.keep()
	if c := s.choice.Config; !c.Equal(before) {
		s.apply()
		s.log.Info("Changed the configuration", "policy", c.Policy.Name, "generation", c.Policy.Generation, "source", s.choice.Source)
	}
}

func (s *sidecar) choose() config.Choice {
	return config.Choose(config.ReadFile(s.options.ConfigFile), s.kept, s.injected)
}

// take puts a choice into use, and logs what differs from the one before.
func (s *sidecar) take(c config.Choice) {
	before := s.choice
	s.choice = c
	if len(c.Text) > 0 {
		s.kept = config.Read(s.keptConfig(), c.Text)
	}
	s.state.SetConfig(c)
	if c.Err != nil && (before.Err == nil || before.Err.Error() != c.Err.Error()) {
		s.log.Error(c.Err, "The configuration can't be used; correct it and it is taken into use", "inUse", c.Source)
	}
	if c.Passed != "" && (before.Passed != c.Passed || before.Source != c.Source) {
		s.log.Info("The configuration file is not in use", "why", c.Passed, "file", s.options.ConfigFile, "inUse", c.Source)
	}
	if before.Source != "" && before.Source != config.SourceFile && c.Source == config.SourceFile {
		s.log.Info("The configuration file is in use", "file", s.options.ConfigFile)
	}
	if len(c.Unknown) > 0 && !slices.Equal(before.Unknown, c.Unknown) {
		s.log.Info("The configuration has settings that this version does not know and does not obey; "+
			"use the sidecar image of the operator's version, and create the pod anew", "settings", c.Unknown, "version", s.options.Version)
	}
}

// apply hands the configuration to the running parts.
func (s *sidecar) apply() {
	c := s.choice.Config
	s.logging.set(c.Logging.Level)
	s.adaptive.configure(c, s.hurry)
	policy := bufferPolicy(c, s.memory, s.hurry)
	s.buffer.SetPolicy(policy)
	s.db.SetOptions(databaseOptions(c, nil))
	s.reports.SetOptions(reportOptions(c, nil))
	s.flusher.SetPolicy(flush.PolicyOf(c))
	s.handler.SetLimits(s.limits(c))
	s.handler.SetTerms(policy.Terms)
	s.peers.SetMode(c.Peers.Mode)
	s.senders.configure(c)
}

// inUse is the configuration in use.
func (s *sidecar) inUse() config.Config {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.choice.Config
}
