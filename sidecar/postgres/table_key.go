package postgres

import (
	"fmt"
	"strings"

	"github.com/progress-sync/progress-sync/sidecar/progress"
)

// keys are the columns of the key.
func (t table) keys() []tableColumn {
	var keys []tableColumn
	for _, f := range t.fields() {
		if c, ok := t.columns[f.Name]; ok && f.Rule == progress.RuleKey {
			keys = append(keys, c)
		}
	}
	return keys
}

// key are the columns of conflict of one row.
func (t table) key(alias string) []string {
	var key []string
	for _, name := range t.conflict() {
		key = append(key, alias+"."+name)
	}
	return key
}

// same compares the keys of two rows.
func (t table) same(a, b string) string {
	var equal []string
	for _, name := range t.conflict() {
		equal = append(equal, fmt.Sprintf("%s.%s = %s.%s", a, name, b, name))
	}
	return strings.Join(equal, " AND ")
}

// order is that in which all sidecars lock rows.
func (t table) order() string {
	var order []string
	for _, c := range t.keys() {
		order = append(order, "i."+c.name+c.bytewise())
	}
	return strings.Join(order, ", ")
}

// conflict are the columns of the unique index on the key.
func (t table) conflict() []string {
	var names []string
	for _, c := range t.keys() {
		names = append(names, c.name)
	}
	for _, f := range t.fixed {
		if f.inKey {
			names = append(names, f.name)
		}
	}
	return names
}
