package xapi

import (
	"cmp"
	"fmt"
	"regexp"
	"slices"

	"github.com/progress-sync/progress-sync/sidecar/ingest/iso8601"
	"github.com/progress-sync/progress-sync/sidecar/ingest/standards"
	"github.com/progress-sync/progress-sync/sidecar/iri"
)

// fields reads the members of an object and keeps the first mistake.
type fields struct {
	object  standards.Object
	path    string // of the object, empty for the statement itself
	mistake *standards.Mistake
}

func (f *fields) at(name string) string {
	if f.path == "" {
		return name
	}
	return f.path + "." + name
}

func (f *fields) note(m *standards.Mistake) {
	if f.mistake == nil {
		f.mistake = m
	}
}

func (f *fields) fail(name, detail string) { f.note(standards.Wrong(f.at(name), detail)) }

// only refuses members with other names, which may be some that are misspelled.
func (f *fields) only(names []string) {
	for name := range f.object {
		if !slices.Contains(names, name) {
			f.note(standards.Wrong(cmp.Or(f.path, "the statement"), "has a property that the specification does not name, or in other letters"))
		}
	}
}

func (f *fields) require(name string) {
	if _, is := f.object[name]; !is {
		f.fail(name, "is missing")
	}
}

// text is a string that check has no objection to, empty if there is none.
func (f *fields) text(name string, check func(string) string) string {
	value, is := f.object[name]
	if !is {
		return ""
	}
	text, is := value.(string)
	if !is {
		f.fail(name, "must be a string")
		return ""
	}
	if check != nil {
		if wrong := check(text); wrong != "" {
			f.fail(name, wrong)
			return ""
		}
	}
	return text
}

// member is a member that must be an object, if it is there.
func (f *fields) member(name string) (standards.Object, bool) {
	value, is := f.object[name]
	if !is {
		return nil, false
	}
	o, is := value.(standards.Object)
	if !is {
		f.fail(name, "must be an object")
	}
	return o, is
}

func (f *fields) number(name string, least, most float64) (n float64, is bool) {
	value, is := f.object[name]
	if !is {
		return 0, false
	}
	if n, is = value.(float64); !is || n < least || n > most {
		f.fail(name, fmt.Sprintf("must be a number from %g to %g", least, most))
		return 0, false
	}
	return n, true
}

func (f *fields) flag(name string) (value, is bool) {
	member, is := f.object[name]
	if !is {
		return false, false
	}
	if value, is = member.(bool); !is {
		f.fail(name, "must be true or false")
	}
	return value, is
}

// extensions are a map with IRIs as keys. Their values may be anything.
func (f *fields) extensions() standards.Object {
	o, _ := f.member("extensions")
	for key := range o {
		if !iri.Is(key) {
			f.fail("extensions", "must have IRIs as keys")
		}
	}
	return o
}

var language = regexp.MustCompile(`^[A-Za-z]{1,8}(-[A-Za-z0-9]{1,8})*$`)

// languages checks a map of texts by their languages.
func (f *fields) languages(name string) {
	o, _ := f.member(name)
	for tag, value := range o {
		if _, is := value.(string); !is || !language.MatchString(tag) {
			f.fail(name, "must be an object of texts by language tags")
		}
	}
}

// noNulls refuses null but in extensions.
func noNulls(value any, path string) *standards.Mistake {
	switch v := value.(type) {
	case nil:
		return standards.Wrong(path, "must not be null: leave it out")
	case standards.Object:
		for name, member := range v {
			if name == "extensions" {
				continue
			}
			f := fields{path: path}
			if mistake := noNulls(member, f.at(name)); mistake != nil {
				return mistake
			}
		}
	case []any:
		for _, element := range v {
			if mistake := noNulls(element, path); mistake != nil {
				return mistake
			}
		}
	}
	return nil
}

func isIRI(text string) string {
	if iri.Is(text) {
		return ""
	}
	return "must be an IRI with its scheme"
}

func isUUID(text string) string {
	if standards.IsUUID(text) {
		return ""
	}
	return "must be a UUID"
}

func isTime(text string) string {
	if _, err := iso8601.Time(text); err != nil {
		return err.Error()
	}
	return ""
}

func isDuration(text string) string {
	if _, _, err := iso8601.Duration(text); err != nil {
		return err.Error()
	}
	return ""
}
