package connstring

import (
	"encoding/base64"
	"strings"
	"unicode"
)

// Parse reads a URI, or keywords and values that name a host. White space and a
// byte order mark around it don't matter. Every error is an *Error.
func Parse(text string) (Target, error) {
	text = strings.TrimSpace(strings.TrimPrefix(strings.TrimSpace(text), "\ufeff"))
	switch {
	case text == "":
		return Target{}, wrong("it is empty", adviceForm)
	case strings.HasPrefix(text, "postgres://"), strings.HasPrefix(text, "postgresql://"):
		return parseURI(text)
	}
	if err := mistaken(text); err != nil {
		return Target{}, err
	}
	return parseKeywords(text)
}

// mistaken names what a text is instead of a connection string, where that can
// be told.
func mistaken(text string) error {
	switch {
	case len(text) >= 5 && strings.EqualFold(text[:5], "jdbc:"):
		return wrong("it begins with jdbc:, which is for Java", "Write it as postgres://role:password@host:5432/database; "+
			"parameters after the ? may stay.")
	case strings.Contains(text, "postgres://"), strings.Contains(text, "postgresql://"):
		return wrong("something stands before postgres://, such as a quotation mark, the name of a variable or a command", adviceBare)
	case strings.Contains(text, "://"):
		return wrong("what stands before :// is not known", "Write postgres:// there, without the name of a driver or of an extension.")
	case isEncoded(text):
		return wrong("it is encoded with base64 once more", "Put the URI as it is under stringData of the Secret, or encoded once under data.")
	case strings.Contains(text, ";"):
		return wrong("it has semicolons, as connection strings of .NET have", adviceForm)
	}
	return nil
}

func isEncoded(text string) bool {
	text = strings.Join(strings.Fields(text), "")
	for _, encoding := range []*base64.Encoding{base64.StdEncoding, base64.RawStdEncoding} {
		if decoded, err := encoding.DecodeString(text); err == nil && strings.Contains(string(decoded), "postgres") {
			return true
		}
	}
	return false
}

// hasSpace reports white space or a control character.
func hasSpace(text string) bool {
	return strings.ContainsFunc(text, func(r rune) bool { return unicode.IsSpace(r) || unicode.IsControl(r) })
}

// parameter is a name with its value, as they stand in the text.
type parameter struct{ name, value string }
