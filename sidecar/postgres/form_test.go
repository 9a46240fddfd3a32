package postgres

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"

	pgtest "github.com/progress-sync/progress-sync/test/postgres"
)

// idTypes are those that may hold ids, as the catalog describes them.
func idTypes() map[string]relationColumn {
	return map[string]relationColumn{
		"text":            {base: "text"},
		"varchar(3)":      {base: "character varying", length: 3},
		"char(3)":         {base: "bpchar", length: 3},
		"uuid":            {base: "uuid"},
		"smallint":        {base: "smallint"},
		"integer":         {base: "integer"},
		"bigint":          {base: "bigint"},
		"numeric":         {base: "numeric", scale: anyScale},
		"numeric(5,0)":    {base: "numeric", scale: 0},
		"numeric(30,2)":   {base: "numeric", scale: 2},
		"a domain":        {base: "integer"},
		"a domain of one": {base: "character varying", length: 3},
	}
}

func TestAnIdHasTheFormThatItsColumnGivesBack(t *testing.T) {
	uri := pgtest.Database(t)
	conn := pgtest.Connect(t, uri)
	pgtest.Execute(t, conn, `CREATE DOMAIN "a domain" AS integer; CREATE DOMAIN short AS varchar(3); CREATE DOMAIN "a domain of one" AS short`)
	var columns []string
	for name := range idTypes() {
		kind := name
		if strings.HasPrefix(name, "a ") {
			kind = quoted(name)
		}
		columns = append(columns, fmt.Sprintf("%s %s", quoted(name), kind))
	}
	pgtest.Execute(t, conn, "CREATE TABLE ids ("+strings.Join(columns, ", ")+")")
	id := rapid.OneOf(
		rapid.SampledFrom([]string{
			"7", "007", "+7", "-7", "-0", "0", "00", " 7", "7 ", "7\n", "7.0", "7.", ".5", "0.5", "7.5", "2.345", "-2.345", "1e3", "1E-3", "1e+2", "1e", "e1",
			"", " ", "-", "+", "--7", "-+7", "7 7", "1.2.3", "x", "abc", "abc ", "abcd", "ab   ", "ab    c", "A", "a", "é", "éàü ",
			"32767", "32768", "2147483648", "-2147483648", "9223372036854775807", "9223372036854775808", "99999.4", "0.005", "12345678901234567890.10",
			"9C9D7F4E-7C3A-4B3A-8F0E-0D9E4F8C1A11", "{9c9d7f4e-7c3a-4b3a-8f0e-0d9e4f8c1a11}", "9c9d7f4e7c3a4b3a8f0e0d9e4f8c1a11",
			"9c9d-7f4e-7c3a-4b3a-8f0e-0d9e-4f8c-1a11", "9c9d7f4e--7c3a4b3a8f0e0d9e4f8c1a11", "9c9d7f4e-7c3a-4b3a-8f0e-0d9e4f8c1a11-", "9c9d7f4e-7c3a-4b3a-8f0e-0d9e4f8c1a1",
			"{9c9d7f4e-7c3a-4b3a-8f0e-0d9e4f8c1a11", "-9c9d7f4e7c3a4b3a8f0e0d9e4f8c1a11", "9c9d7f4e7c3a4b3a8f0e0d9e4f8c1a111", "@c9d7f4e7c3a4b3a8f0e0d9e4f8c1a11",
		}),
		rapid.StringMatching(`[ ]{0,1}[-+]?[0-9]{0,6}(\.[0-9]{0,4})?([eE][-+]?[0-9]{1,2})?[ ]{0,1}`),
		rapid.StringMatching(`[ab ]{0,6}`),
		rapid.StringMatching(`\{?([0-9a-fA-F]{4}-?){8}\}?`),
	)
	rapid.Check(t, func(rt *rapid.T) {
		value := id.Draw(rt, "id")
		name := rapid.SampledFrom(slices.Sorted(func(yield func(string) bool) {
			for name := range idTypes() {
				if !yield(name) {
					return
				}
			}
		})).Draw(rt, "type")
		f, ok := idForm(idTypes()[name])
		if !ok {
			rt.Fatalf("%s can't hold ids", name)
		}
		form, held := f.of(value)
		c := tableColumn{kind: idTypes()[name].base}
		var stored string
		err := conn.QueryRow(t.Context(), fmt.Sprintf("INSERT INTO ids (%[1]s) SELECT %[2]s RETURNING %[1]s::text", quoted(name), c.cast("$1::text", "text")), value).Scan(&stored)
		switch {
		case err != nil && held && !strings.HasPrefix(name, "numeric("):
			rt.Fatalf("%q is %q in %s, and Postgres refuses it: %v", value, form, name, err)
		case err == nil && !held:
			rt.Fatalf("%q is refused for %s, and Postgres takes it for %q", value, name, stored)
		case err != nil:
			return
		}
		// A numeric is printed with the zeros that it was written with.
		if stored, _ = f.of(stored); stored != form {
			rt.Fatalf("%q is %q in %s, want %q", value, form, name, stored)
		}
		if again, _ := f.of(form); again != form {
			rt.Fatalf("the form %q of %q in %s has the form %q", form, value, name, again)
		}
	})
}
