package config

import (
	"fmt"
	"slices"
	"time"
)

// DefaultClass is the name of the class whose settings are those of Sync itself.
const DefaultClass = "default"

// Class is what some lessons have of their own. A setting that is nil is that of
// Sync.
type Class struct {
	// Name in metrics and in the status; a DNS label, and not DefaultClass.
	Name            string       `json:"name"`
	Match           ClassMatch   `json:"match"`
	Interval        *Duration    `json:"interval,omitempty"`
	QuietPeriod     *QuietPeriod `json:"quietPeriod,omitempty"`
	FlushOnComplete *bool        `json:"flushOnComplete,omitempty"`
}

// ClassMatch says which lessons a class is for. All conditions that are there must
// hold, of which there is one at least. An id matches if one of the list is the
// same, or ends in * and begins like it.
type ClassMatch struct {
	// MinDuration and MaxDuration of the lesson, both included. A lesson of a
	// duration that is not known matches neither. Up to 24h, 0 for no bound.
	MinDuration Duration `json:"minDuration,omitempty"`
	MaxDuration Duration `json:"maxDuration,omitempty"`
	CourseIDs   []string `json:"courseIds,omitempty"`
	ModuleIDs   []string `json:"moduleIds,omitempty"`
	LessonIDs   []string `json:"lessonIds,omitempty"`
}

const (
	maxClasses = 8
	// maxMatchIDs and maxMatchID bound the lists of ClassMatch, and their entries in
	// bytes.
	maxMatchIDs = 100
	maxMatchID  = 256
)

// classFields are the settings of the classes that c has.
func classFields(c *Config) []field {
	classes := c.Sync.Classes
	all := []field{{"sync", "classes", parts{classes}, fmt.Sprintf("a list of up to %d objects", maxClasses),
		func() bool { return len(classes) <= maxClasses }}}
	for i := range classes[:min(len(classes), maxClasses)] {
		all = append(all, fieldsOfClass(c, i)...)
	}
	return all
}

func fieldsOfClass(c *Config, i int) []field {
	section := fmt.Sprintf("sync.classes[%d]", i)
	class := &c.Sync.Classes[i]
	match := &class.Match
	return append([]field{
		{section, "name", &class.Name, `a DNS label that no other class has, and not "` + DefaultClass + `"`, func() bool {
			return class.Name != DefaultClass && distinct(classNames(c.Sync.Classes), i)
		}},
		{section, "match", parts{match}, "one of minDuration, maxDuration, courseIds, moduleIds and lessonIds at least", func() bool {
			return match.MinDuration != 0 || match.MaxDuration != 0 || len(match.CourseIDs)+len(match.ModuleIDs)+len(match.LessonIDs) > 0
		}},
		{section, "interval", &class.Interval, "a duration from 1s to 24h", func() bool {
			return class.Interval == nil || within(class.Interval, time.Second, 24*time.Hour)()
		}},
		{section, "quietPeriod", &class.QuietPeriod, `"Auto", 0s for none, or a duration from 1s to the interval of the class`, func() bool {
			return class.QuietPeriod == nil || quietWithin(*class.QuietPeriod, ownOr(class.Interval, c.Sync.Interval))
		}},
		{section, "flushOnComplete", &class.FlushOnComplete, "true or false", always},
	}, fieldsOfMatch(section+".match", match)...)
}

func fieldsOfMatch(section string, m *ClassMatch) []field {
	const ids = "a list of 1 to 100 ids of 1 to 256 bytes, of which one that ends in * stands for all that begin like it"
	return []field{
		{section, "minDuration", &m.MinDuration, "a duration from 0s to 24h", within(&m.MinDuration, 0, 24*time.Hour)},
		{section, "maxDuration", &m.MaxDuration, "a duration from minDuration to 24h", func() bool {
			return m.MaxDuration == 0 || m.MaxDuration >= max(m.MinDuration, 0) && m.MaxDuration.D() <= 24*time.Hour
		}},
		{section, "courseIds", &m.CourseIDs, ids, idsOrNone(&m.CourseIDs)},
		{section, "moduleIds", &m.ModuleIDs, ids, idsOrNone(&m.ModuleIDs)},
		{section, "lessonIds", &m.LessonIDs, ids, idsOrNone(&m.LessonIDs)},
	}
}

func idsOrNone(ids *[]string) func() bool {
	return func() bool {
		return *ids == nil || len(*ids) >= 1 && len(*ids) <= maxMatchIDs &&
			!slices.ContainsFunc(*ids, func(id string) bool { return id == "" || len(id) > maxMatchID })
	}
}

func classNames(classes []Class) []string {
	names := make([]string, len(classes))
	for i := range classes {
		names[i] = classes[i].Name
	}
	return names
}

// ownOr is a setting of a class or an arm, or that of Sync where it has none.
func ownOr(own *Duration, all Duration) Duration {
	if own != nil {
		return *own
	}
	return all
}
