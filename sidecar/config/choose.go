package config

import (
	"cmp"
	"fmt"
	"slices"
	"time"
)

// Source is where a configuration in use comes from.
type Source string

const (
	// SourceFile is the configuration file.
	SourceFile Source = "file"
	// SourceKept is the last configuration in use, which lies in the spool.
	SourceKept Source = "kept"
	// SourceInjected is the configuration of the moment when the pod was injected.
	SourceInjected Source = "injected"
	// SourceDefaults is none of them.
	SourceDefaults Source = "defaults"
)

// Choice is the configuration to use.
type Choice struct {
	Config  Config
	Unknown []string
	Source  Source
	// Text of the configuration, to be kept; empty for the defaults.
	Text []byte
	// Passed says in a few words why the file is not in use though nothing is
	// wrong with it, such as that there is none.
	Passed string
	// Err says what is wrong with a configuration that would be in use otherwise,
	// and what to do.
	Err error
}

// Choose the newest of the configurations that are there: the file, the one that
// was kept, and the injected one. Of the same version it is the first of these.
//
// A pod is injected for a policy and follows no other: a file of another one, or
// of none, is somebody else's. Where nothing was injected, the file is what
// whoever started the sidecar wants. What was kept counts only for the policy
// that it was kept for. A configuration that was once in use gives way to another
// one, never to the defaults.
func Choose(file, kept, injected Candidate) Choice {
	if pod := injected.Config.Policy; file.usable() && pod.named() && !pod.same(file.Config.Policy) {
		file = Candidate{Err: foreign(file, pod)}
	}
	if !pertinent(kept.Config.Policy, file, injected) {
		kept = Candidate{}
	}
	choice := Choice{Config: Default(), Source: SourceDefaults}
	if c, found := newest(sourced{file, SourceFile}, sourced{kept, SourceKept}, sourced{injected, SourceInjected}); found {
		choice = Choice{Config: c.Config, Unknown: c.Unknown, Text: c.Text, Source: c.source}
	}
	if choice.Source == SourceKept && injected.usable() && injected.Config.Equal(kept.Config) {
		choice.Source = SourceInjected // which the memory only repeats
	}
	switch {
	case choice.Source == SourceFile:
		return choice
	case file.usable():
		choice.Passed = "the file is of an older version of the policy"
	case file.Err == nil:
		choice.Passed = "there is no file, or nothing is in it"
	}
	mistakes := []error{file.Err, injected.Err}
	if choice.Source == SourceDefaults {
		mistakes = append(mistakes, kept.Err)
	}
	choice.Err = all(mistakes)
	return choice
}

// pertinent says that the kept configuration is of the policy that the sidecar
// follows: that of the pod or, where nothing was injected, that of the file.
func pertinent(kept Policy, file, injected Candidate) bool {
	switch {
	case injected.usable() || injected.Config.Policy.named():
		return kept.same(injected.Config.Policy)
	case file.usable():
		return kept.same(file.Config.Policy)
	default:
		return true
	}
}

// foreign says that a file is not of the policy that the pod was injected for.
func foreign(file Candidate, pod Policy) error {
	of := "names no policy"
	if p := file.Config.Policy; p.named() {
		of = fmt.Sprintf("is of policy %s/%s", p.Namespace, p.Name)
	}
	return fmt.Errorf("%s %s, and this pod was injected for policy %s/%s: somebody else's ConfigMap has the name that "+
		"the policy's needs. Copy it to another name if it is needed, and delete it: the operator then writes the policy's, "+
		"and the sidecar takes it into use without a restart", file.From, of, pod.Namespace, pod.Name)
}

// all makes one error of those that there are.
func all(list []error) error {
	var mistakes []string
	for _, err := range list {
		if err != nil {
			mistakes = append(mistakes, err.Error())
		}
	}
	return joined(mistakes)
}

// sourced is a candidate with the place that it comes from.
type sourced struct {
	Candidate
	source Source
}

// newest is the usable candidate whose version of the policy is the newest; of
// the same version the first counts. A policy that was deleted and made again
// begins at generation 1 with a later creation, so generations are compared
// only among candidates of the latest creation. A candidate without a creation,
// as older operators write it, counts as one of the latest.
func newest(candidates ...sourced) (sourced, bool) {
	var latest time.Time
	for _, c := range candidates {
		if created := c.Config.Policy.CreatedAt; c.usable() && created.After(latest) {
			latest = created
		}
	}
	left := slices.DeleteFunc(candidates, func(c sourced) bool {
		created := c.Config.Policy.CreatedAt
		return !c.usable() || !created.IsZero() && !created.Equal(latest)
	})
	if len(left) == 0 {
		return sourced{}, false
	}
	return slices.MaxFunc(left, func(a, b sourced) int {
		return cmp.Compare(a.Config.Policy.Generation, b.Config.Policy.Generation)
	}), true
}

// named says that there is a policy.
func (p Policy) named() bool { return p.Name != "" }

// same says that two are of one name, whatever their versions.
func (p Policy) same(o Policy) bool { return p.Namespace == o.Namespace && p.Name == o.Name }
