package postgres

import (
	"fmt"
	"strings"
)

// scale is what a field is multiplied by to get a column's value, one of
// config.Scales, or empty for the same unit. All are powers of ten, and where one
// is below 1 the field is divided instead: 57 / 100 is the number next to 0.57, 57
// * 0.01 is not.
type scale string

// column is the column's value of a field in seconds or percent.
func (s scale) column(field string) string {
	if below, ok := s.below(); ok {
		return fmt.Sprintf("%s / %s::float8", field, below)
	}
	return fmt.Sprintf("%s * %s::float8", field, s)
}

// sum is column for a sum that travels in microseconds.
func (s scale) sum(micros string) string {
	return fmt.Sprintf("%s / %s::float8", micros, s.micros())
}

// micros is how many microseconds there are in the unit of a column of seconds.
func (s scale) micros() string {
	if below, ok := s.below(); ok {
		return "1e" + fmt.Sprint(6+len(below)-1)
	}
	return "1e" + fmt.Sprint(6-strings.Count(string(s), "0"))
}

// micros is how many microseconds one of the column's units has.
func (c tableColumn) micros() string {
	if c.scale == "" {
		return "1e6"
	}
	return c.scale.micros()
}

// field turns a column's value back, without what a division by a power of ten
// leaves behind the sixth digit. The text of a real is the number that was meant.
func (s scale) field(c tableColumn) string {
	value := c.name + "::double precision"
	if c.kind == "real" {
		value = c.name + "::text::double precision"
	}
	operation := fmt.Sprintf("%s / %s::float8", value, s)
	if below, ok := s.below(); ok {
		operation = fmt.Sprintf("%s * %s::float8", value, below)
	}
	return fmt.Sprintf("round(%s * 1e6::float8) / 1e6::float8", operation)
}

// below is the power of ten that 1 is divided by.
func (s scale) below() (string, bool) {
	fraction, ok := strings.CutPrefix(string(s), "0.")
	return "1" + strings.Repeat("0", len(fraction)), ok
}
