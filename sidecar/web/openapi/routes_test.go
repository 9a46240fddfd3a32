package openapi_test

import (
	"go/ast"
	"go/parser"
	"go/token"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"
)

// TestEveryRouteIsInTheDocument reads the paths that the handlers' source
// names, since a handler can't be asked for them.
func TestEveryRouteIsInTheDocument(t *testing.T) {
	d := describe(t)
	route := regexp.MustCompile(`^/[a-z][a-z0-9./-]*$`)
	found := 0
	for _, dir := range []string{"../../ingest", "../panel"} {
		files, err := filepath.Glob(dir + "/*.go")
		if err != nil {
			t.Fatal(err)
		}
		for _, name := range files {
			if strings.HasSuffix(name, "_test.go") {
				continue
			}
			file, err := parser.ParseFile(token.NewFileSet(), name, nil, 0)
			if err != nil {
				t.Fatal(err)
			}
			ast.Inspect(file, func(n ast.Node) bool {
				literal, is := n.(*ast.BasicLit)
				if !is || literal.Kind != token.STRING {
					return true
				}
				text, err := strconv.Unquote(literal.Value)
				if err != nil || !route.MatchString(text) {
					return true
				}
				found++
				if !d.knows(text) {
					t.Errorf("%s in %s is in no path of the document", text, name)
				}
				return true
			})
		}
	}
	if want := 7; found < want {
		t.Errorf("only %d paths were found", found)
	}
}

// knows reports whether a path or a part of one, such as /replay, is in the
// document.
func (d *description) knows(text string) bool {
	for path := range d.Paths {
		if strings.Contains(path+"/", strings.TrimSuffix(text, "/")+"/") {
			return true
		}
	}
	return false
}
