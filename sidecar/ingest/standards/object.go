package standards

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"unicode/utf8"
)

const (
	// MaxEventBytes is the size of one event. What is in none of the fields that are
	// read costs memory too.
	MaxEventBytes = 64 << 10
	// maxDepth is how deep one may be nested.
	maxDepth = 32
)

// Object is a JSON object.
type Object = map[string]any

// Malformed is a body that is not JSON of the right outer form.
func Malformed(detail string) *Mistake {
	return &Mistake{Index: -1, Status: http.StatusBadRequest, Detail: detail}
}

// CheckText says what is wrong with a body before it is taken apart.
func CheckText(body []byte) *Mistake {
	if !utf8.Valid(body) {
		return Malformed("the body is not valid UTF-8")
	}
	if len(bytes.TrimSpace(body)) == 0 {
		return Malformed("the body is empty")
	}
	return nil
}

// Each calls do with each element of a JSON array, which it does not keep, until one
// of them has a mistake. max is how many there may be.
func Each(array []byte, limit int, do func(index int, raw []byte) *Mistake) *Mistake {
	d := json.NewDecoder(bytes.NewReader(array))
	if start, err := d.Token(); err != nil || start != json.Delim('[') {
		return Malformed("must be an array")
	}
	var raw json.RawMessage
	for index := 0; d.More(); index++ {
		if index >= limit {
			return tooMany(limit)
		}
		raw = raw[:0]
		if err := d.Decode(&raw); err != nil {
			return notJSON(err)
		}
		if len(raw) > MaxEventBytes {
			return tooLarge(index)
		}
		if mistake := do(index, raw); mistake != nil {
			return mistake.At(index)
		}
	}
	if _, err := d.Token(); err != nil {
		return notJSON(err)
	}
	if _, err := d.Token(); !errors.Is(err, io.EOF) {
		return Malformed("the body goes on after its end")
	}
	return nil
}

func notJSON(err error) *Mistake {
	return Malformed(fmt.Sprintf("the body is not valid JSON: %v", err))
}

// Parse reads one event.
func Parse(raw []byte) (Object, *Mistake) {
	if len(raw) > MaxEventBytes {
		return nil, tooLarge(-1)
	}
	if isDeep(raw) {
		return nil, Malformed(fmt.Sprintf("an event may be nested %d levels deep", maxDepth))
	}
	var value any
	if err := json.Unmarshal(raw, &value); err != nil {
		return nil, notJSON(err)
	}
	object, is := value.(Object)
	if !is {
		return nil, Malformed("an event must be a JSON object")
	}
	return object, nil
}

// isDeep reports whether text is nested deeper than allowed, if it is JSON.
func isDeep(text []byte) bool {
	depth, quoted := 0, false
	for i := 0; i < len(text); i++ {
		switch c := text[i]; {
		case quoted && c == '\\':
			i++
		case c == '"':
			quoted = !quoted
		case quoted:
		case c == '{' || c == '[':
			if depth++; depth > maxDepth {
				return true
			}
		case c == '}' || c == ']':
			depth--
		}
	}
	return false
}
