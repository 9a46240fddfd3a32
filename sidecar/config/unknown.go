package config

import (
	"encoding/json"
	"fmt"
	"reflect"
	"slices"
	"strings"
	"unicode"
)

// Limits of UnknownSettings: whoever can write the file chooses the names.
const (
	maxUnknown     = 50
	maxUnknownName = 100 // bytes
)

// UnknownSettings names, such as sync.interval, what a configuration has and
// this program does not know: the first 50 in the order of their names, each cut
// after 100 bytes. Parse ignores them.
func UnknownSettings(text []byte) []string {
	names := unknown(text, reflect.TypeFor[Config](), "")
	for i, name := range names {
		names[i] = printable(name)
	}
	slices.Sort(names)
	names = slices.Compact(names)
	return names[:min(len(names), maxUnknown)]
}

// unknown names what an object has and its type has not, in no order. Path is that
// of the object, and ends in a dot.
func unknown(object json.RawMessage, kind reflect.Type, path string) (names []string) {
	var members map[string]json.RawMessage
	if json.Unmarshal(object, &members) != nil {
		return nil
	}
	anyCase := inWhole(path)
	for name, value := range members {
		member, found := memberOf(kind, name, anyCase)
		switch {
		case !found:
			names = append(names, path+name)
		case member.Kind() == reflect.Struct:
			names = append(names, unknown(value, member, path+name+".")...)
		case member.Kind() == reflect.Slice && member.Elem().Kind() == reflect.Struct:
			names = append(names, unknownOfList(value, member.Elem(), path+name)...)
		}
	}
	return names
}

// unknownOfList is unknown of the elements of a list, as many as a list may have.
func unknownOfList(list json.RawMessage, kind reflect.Type, path string) (names []string) {
	var elements []json.RawMessage
	if json.Unmarshal(list, &elements) != nil {
		return nil
	}
	for i, element := range elements[:min(len(elements), max(maxClasses, maxArms))] {
		names = append(names, unknown(element, kind, fmt.Sprintf("%s[%d].", path, i))...)
	}
	return names
}

// inWhole reports whether an object is in a setting that Parse reads as one, in
// which names may be in any case.
func inWhole(path string) bool {
	c := Default()
	return slices.ContainsFunc(sectionFields(&c), func(f field) bool { return strings.HasPrefix(path, f.path()+".") })
}

// memberOf is the type of a struct's field by its name in JSON, in any case or as it
// is spelled.
func memberOf(kind reflect.Type, name string, anyCase bool) (reflect.Type, bool) {
	for field := range kind.Fields() {
		known, _, _ := strings.Cut(field.Tag.Get("json"), ",")
		switch is := known == name || anyCase && strings.EqualFold(known, name); {
		case is && field.Type.Kind() == reflect.Pointer:
			return field.Type.Elem(), true
		case is:
			return field.Type, true
		}
	}
	return nil, false
}

// printable cuts a name, and replaces what could disturb a log or a terminal.
func printable(name string) string {
	name = strings.Map(func(r rune) rune {
		if unicode.IsPrint(r) {
			return r
		}
		return unicode.ReplacementChar
	}, name)
	if len(name) > maxUnknownName {
		name = strings.ToValidUTF8(name[:maxUnknownName], "")
	}
	return name
}
