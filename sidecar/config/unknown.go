package config

import (
	"encoding/json"
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

// unknown names what an object has and its type has not, in no order.
func unknown(object json.RawMessage, kind reflect.Type, path string) (names []string) {
	var members map[string]json.RawMessage
	if json.Unmarshal(object, &members) != nil {
		return nil
	}
	for name, value := range members {
		member, found := memberOf(kind, name, strings.Count(path, ".") > 1)
		switch {
		case !found:
			names = append(names, path+name)
		case member.Kind() == reflect.Struct:
			names = append(names, unknown(value, member, path+name+".")...)
		}
	}
	return names
}

// memberOf is the type of a struct's field by its name in JSON. Parse reads the
// sections and their settings as they are spelled, what is in a setting in any
// case.
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
