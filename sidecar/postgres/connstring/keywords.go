package connstring

import "strings"

const blank = " \t\n\r\v\f"

// parseKeywords reads libpq's other form, host=… user=… (PostgreSQL, chapter
// 34.1.1.1). It has to name a host: a text that only looks like it must not send
// a password to a default one.
func parseKeywords(text string) (Target, error) {
	parameters, ok := splitKeywords(text)
	if !ok {
		return Target{}, notAURI()
	}
	d := newDraft()
	if err := d.addAll(parameters); err != nil {
		return Target{}, err
	}
	return d.target()
}

func splitKeywords(text string) (parameters []parameter, ok bool) {
	if strings.ContainsRune(text, 0) {
		return nil, false
	}
	for text = strings.Trim(text, blank); text != ""; text = strings.TrimLeft(text, blank) {
		name, rest, found := strings.Cut(text, "=")
		name = strings.Trim(name, blank)
		if !found || name == "" || strings.ContainsAny(name, blank) {
			return nil, false
		}
		value, rest, ok := cutValue(strings.TrimLeft(rest, blank))
		if !ok {
			return nil, false
		}
		parameters = append(parameters, parameter{name, value})
		text = rest
	}
	return parameters, true
}

// cutValue takes a value off text, with or without single quotes around it; a
// backslash takes the meaning from the character after it.
func cutValue(text string) (value, rest string, ok bool) {
	quoted := strings.HasPrefix(text, "'")
	i := 0
	if quoted {
		i = 1
	}
	var b strings.Builder
	for ; i < len(text); i++ {
		switch c := text[i]; {
		case c == '\\' && i+1 < len(text):
			i++
			b.WriteByte(text[i])
		case quoted && c == '\'':
			return b.String(), text[i+1:], true
		case !quoted && strings.IndexByte(blank, c) >= 0:
			return b.String(), text[i:], true
		default:
			b.WriteByte(c)
		}
	}
	return b.String(), "", !quoted
}
