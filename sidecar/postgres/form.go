package postgres

import (
	"math/big"
	"regexp"
	"strconv"
	"strings"
	"unicode/utf8"
)

// form brings an id into the one form in which a column gives it back, so that
// two ids that the column takes for one are one here too. It returns false if the
// column can't hold the id. nil is for a column that keeps ids as they are.
type form func(id string) (string, bool)

func (f form) of(id string) (string, bool) {
	if f == nil {
		return id, true
	}
	return f(id)
}

// idForm returns the form of ids in a column, and false if ids can't be kept in
// one of its type. The rules are those of the types' input functions
// (PostgreSQL, chapter 8).
func idForm(c relationColumn) (form, bool) {
	switch c.base {
	case "text":
		return nil, !c.nondeterministic
	case "character varying":
		if c.length == 0 {
			return nil, !c.nondeterministic
		}
		return func(id string) (string, bool) { return cut(id, c.length) }, !c.nondeterministic
	case "bpchar", "character":
		return func(id string) (string, bool) {
			id = strings.TrimRight(id, " ")
			return id, c.length == 0 || utf8.RuneCountInString(id) <= c.length
		}, !c.nondeterministic
	case "uuid":
		return uuidForm, true
	case "smallint":
		return integerForm(16), true
	case "integer":
		return integerForm(32), true
	case "bigint":
		return integerForm(64), true
	case "numeric":
		return func(id string) (string, bool) { return numericForm(id, c.scale) }, c.scale <= maxScale
	default:
		return nil, false
	}
}

// cut is what an assignment to varchar(n) does: blanks that are too many go,
// anything else is refused.
func cut(id string, length int) (string, bool) {
	if utf8.RuneCountInString(id) <= length {
		return id, true
	}
	runes := []rune(id)
	if strings.Trim(string(runes[length:]), " ") != "" {
		return id, false
	}
	return string(runes[:length]), true
}

// spaces are those that the server's input functions skip.
const spaces = " \t\n\v\f\r"

// integerForm takes what PostgreSQL 16 takes; earlier ones refuse some of it.
func integerForm(bits int) form {
	return func(id string) (string, bool) {
		digits := strings.Trim(id, spaces)
		sign := ""
		if digits != "" && (digits[0] == '-' || digits[0] == '+') {
			sign, digits = strings.TrimPrefix(digits[:1], "+"), digits[1:]
		}
		// ParseInt would take a leading zero for octal.
		base := 0
		if trimmed := strings.TrimLeft(digits, "0_"); digits != "" && !strings.ContainsAny(digits, "xXoObB") {
			base, digits = 10, strings.ReplaceAll(trimmed, "_", "")
			if digits == "" {
				digits = "0"
			}
		}
		if digits == "" || digits[0] == '-' || digits[0] == '+' {
			return id, false
		}
		n, err := strconv.ParseInt(sign+digits, base, bits)
		if err != nil {
			return id, false
		}
		return strconv.FormatInt(n, 10), true
	}
}

const (
	// anyScale is the scale of a numeric column without one.
	anyScale = -1
	// maxScale is the greatest one that is not negative in the catalog.
	maxScale = 1000
	// maxExponent bounds the work for a number such as 1e999999.
	maxExponent = 300
)

var decimal = regexp.MustCompile(`^[+-]?([0-9]+\.?[0-9]*|\.[0-9]+)([eE]([+-]?[0-9]{1,4}))?$`)

// numericForm has no zeros that say nothing. A column with a scale rounds to it,
// halves away from zero, as FloatString does.
func numericForm(id string, scale int) (string, bool) {
	id = strings.Trim(id, spaces)
	parts := decimal.FindStringSubmatch(id)
	if parts == nil {
		return id, false
	}
	if exponent, _ := strconv.Atoi(parts[3]); exponent > maxExponent || exponent < -maxExponent {
		return id, false
	}
	value, ok := new(big.Rat).SetString(id)
	if !ok {
		return id, false
	}
	if scale == anyScale {
		scale, _ = value.FloatPrec()
	}
	text := value.FloatString(scale)
	if strings.Contains(text, ".") {
		text = strings.TrimRight(strings.TrimRight(text, "0"), ".")
	}
	if text == "-0" {
		text = "0"
	}
	return text, true
}

// uuidForm follows uuid_in: any case, braces around it, and a hyphen after any
// group of four digits.
func uuidForm(id string) (string, bool) {
	const digits = 32
	text := id
	if strings.HasPrefix(text, "{") {
		if !strings.HasSuffix(text, "}") {
			return id, false
		}
		text = text[1 : len(text)-1]
	}
	out := make([]byte, 0, digits+4)
	read := 0
	for i := range len(text) {
		b := text[i] | 0x20 // a digit stays one
		switch {
		case text[i] == '-' && read > 0 && read%4 == 0 && read < digits && text[i-1] != '-':
			continue
		case (text[i] >= '0' && text[i] <= '9' || b >= 'a' && b <= 'f') && read < digits:
		default:
			return id, false
		}
		if read == 8 || read == 12 || read == 16 || read == 20 {
			out = append(out, '-')
		}
		out = append(out, b)
		read++
	}
	return string(out), read == digits
}
