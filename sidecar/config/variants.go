package config

import (
	"fmt"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"
)

// Variants are settings that are compared with each other: each learner has those
// of one arm. None if there are no arms.
type Variants struct {
	// Seed of the draw: another one draws anew. 1 to 64 characters, none of them a
	// control character.
	Seed string `json:"seed,omitempty"`
	// Arms are 2 to 4, or none.
	Arms []Arm `json:"arms,omitempty"`
}

// Arm is one of the variants.
type Arm struct {
	// Name in metrics, answers and the status; a DNS label.
	Name string `json:"name"`
	// Weight of the arm among all; 1 to 1000.
	Weight int `json:"weight"`
	// Sync has what the arm has of its own.
	Sync ArmSync `json:"sync,omitzero"`
}

// ArmSync replaces settings of Sync that are of a key. A setting that is nil is
// that of Sync. What a class says for itself holds in all arms.
type ArmSync struct {
	Interval        *Duration    `json:"interval,omitempty"`
	QuietPeriod     *QuietPeriod `json:"quietPeriod,omitempty"`
	FlushOnComplete *bool        `json:"flushOnComplete,omitempty"`
	LeaveGrace      *Duration    `json:"leaveGrace,omitempty"`
}

const (
	minArms, maxArms = 2, 4
	maxSeed          = 64 // characters
	maxWeight        = 1000
)

// variantFields are the settings of Variants, with the arms that c has.
func variantFields(c *Config) []field {
	v := &c.Variants
	all := []field{
		{"variants", "seed", &v.Seed, "1 to 64 characters, none of them a control character, where there are arms", func() bool {
			return (v.Seed != "" || len(v.Arms) == 0) && utf8.RuneCountInString(v.Seed) <= maxSeed && !strings.ContainsFunc(v.Seed, unicode.IsControl)
		}},
		{"variants", "arms", parts{v.Arms}, fmt.Sprintf("a list of %d to %d objects, or none", minArms, maxArms), func() bool {
			return len(v.Arms) == 0 || len(v.Arms) >= minArms && len(v.Arms) <= maxArms
		}},
	}
	for i := range v.Arms[:min(len(v.Arms), maxArms)] {
		all = append(all, fieldsOfArm(c, i)...)
	}
	return all
}

func fieldsOfArm(c *Config, i int) []field {
	section := fmt.Sprintf("variants.arms[%d]", i)
	arm := &c.Variants.Arms[i]
	s := &arm.Sync
	return []field{
		{section, "name", &arm.Name, "a DNS label that no other arm has", func() bool { return distinct(armNames(c.Variants.Arms), i) }},
		{section, "weight", &arm.Weight, "an integer from 1 to 1000", between(&arm.Weight, 1, maxWeight)},
		{section + ".sync", "interval", &s.Interval, "a duration from 1s to 24h", func() bool {
			return s.Interval == nil || within(s.Interval, time.Second, 24*time.Hour)()
		}},
		{section + ".sync", "quietPeriod", &s.QuietPeriod, `"Auto", 0s for none, or a duration from 1s to the interval of the arm`, func() bool {
			return s.QuietPeriod == nil || quietWithin(*s.QuietPeriod, ownOr(s.Interval, c.Sync.Interval))
		}},
		{section + ".sync", "flushOnComplete", &s.FlushOnComplete, "true or false", always},
		{section + ".sync", "leaveGrace", &s.LeaveGrace, "0s, or a duration from 1s to the interval of the arm", func() bool {
			d := ownOr(s.LeaveGrace, defaultLeaveGrace)
			return d == 0 || d == defaultLeaveGrace || d.D() >= time.Second && d <= ownOr(s.Interval, c.Sync.Interval)
		}},
	}
}

func armNames(arms []Arm) []string {
	names := make([]string, len(arms))
	for i := range arms {
		names[i] = arms[i].Name
	}
	return names
}
