package main

import (
	"fmt"
	"regexp"
	"strings"

	"github.com/progress-sync/progress-sync/sidecar/progress"
)

// markers brings the rules of a policy's mapping up to date: the fields that
// columns and scale may name.
func markers(current string, fields []progress.Field) (string, error) {
	columns, scaled := progress.MappedNames(fields), progress.ScaledNames(fields)
	for _, m := range []struct{ expression, text string }{
		{
			`MaxProperties=\d+(\n\t// \+kubebuilder:validation:XValidation:rule="self\.exists\(f, f != 'courseId'\)")`,
			fmt.Sprintf("MaxProperties=%d$1", len(columns)+1),
		},
		{
			`rule="self\.all\(f, f in \['courseId', .*`,
			fmt.Sprintf(`rule="self.all(f, f in ['courseId', %s])",message="columns may name these fields: %s; and courseId where keyColumns has none"`,
				quoted(columns), strings.Join(columns, ", ")),
		},
		{
			`MaxProperties=\d+(\n\t// \+kubebuilder:validation:XValidation:rule="self\.all\(f, f in \['p)`,
			fmt.Sprintf("MaxProperties=%d$1", len(scaled)),
		},
		{
			`rule="self\.all\(f, f in \['p(ercentage|ositionSeconds)', .*`,
			fmt.Sprintf(`rule="self.all(f, f in [%s])",message="scale may name these fields: %s"`, quoted(scaled), strings.Join(scaled, ", ")),
		},
	} {
		expression := regexp.MustCompile(m.expression)
		if n := len(expression.FindAllString(current, -1)); n != 1 {
			return "", fmt.Errorf("there are %d places that match %s, and there must be one", n, m.expression)
		}
		current = expression.ReplaceAllString(current, m.text)
	}
	return current, nil
}

func quoted(names []string) string { return "'" + strings.Join(names, "', '") + "'" }
