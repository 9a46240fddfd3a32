package openapi_test

import (
	"bytes"
	"encoding/json"
	"maps"
	"slices"
	"strings"
	"testing"

	"github.com/santhosh-tekuri/jsonschema/v6"

	"github.com/progress-sync/progress-sync/sidecar/web/openapi"
)

// document is what the test reads of the description.
type document struct {
	Paths      map[string]map[string]operation
	Components struct {
		Headers    map[string]header
		Parameters map[string]parameter
		Responses  map[string]response
	}
}

type operation struct {
	OperationID string
	Parameters  []parameter
	RequestBody struct{ Content map[string]content }
	Responses   map[string]response
}

type parameter struct {
	Ref      string `json:"$ref"`
	Name, In string
	Required bool
	Example  any
}

type response struct {
	Ref     string `json:"$ref"`
	Headers map[string]header
	Content map[string]content
	// pointer is where it is in the document.
	pointer string
}

type header struct {
	Ref      string `json:"$ref"`
	Required bool
	pointer  string
}

type content struct {
	Examples map[string]struct{ Value any }
}

// description is the document with its schemas.
type description struct {
	document
	compiler *jsonschema.Compiler
}

const home = "file:///openapi.json"

func describe(t *testing.T) *description {
	t.Helper()
	var d description
	if err := json.Unmarshal(openapi.Document(), &d.document); err != nil {
		t.Fatal(err)
	}
	raw, err := jsonschema.UnmarshalJSON(bytes.NewReader(openapi.Document()))
	if err != nil {
		t.Fatal(err)
	}
	forbidOthers(raw)
	d.compiler = jsonschema.NewCompiler()
	d.compiler.DefaultDraft(jsonschema.Draft2020)
	d.compiler.AssertFormat()
	if err := d.compiler.AddResource(home, raw); err != nil {
		t.Fatal(err)
	}
	return &d
}

// forbidOthers makes schemas refuse members that they don't name, so that a
// member that is missing in the document fails a test. Clients must bear with
// them, which is why the document does not say so.
func forbidOthers(v any) {
	switch v := v.(type) {
	case map[string]any:
		for _, value := range v {
			forbidOthers(value)
		}
		_, members := v["properties"].(map[string]any)
		if _, said := v["additionalProperties"]; members && !said && v["type"] == "object" {
			v["additionalProperties"] = false
		}
	case []any:
		for _, value := range v {
			forbidOthers(value)
		}
	}
}

// schema compiles the schema at a JSON pointer.
func (d *description) schema(t *testing.T, pointer ...string) *jsonschema.Schema {
	t.Helper()
	schema, err := d.compiler.Compile(home + "#" + join(pointer...))
	if err != nil {
		t.Fatalf("the schema at %v: %v", pointer, err)
	}
	return schema
}

// join makes a JSON pointer that can stand in an address.
func join(steps ...string) string {
	var b strings.Builder
	escape := strings.NewReplacer("~", "~0", "/", "~1", "{", "%7B", "}", "%7D")
	for _, step := range steps {
		b.WriteString("/" + escape.Replace(step))
	}
	return b.String()
}

// last is the name that a reference ends in.
func last(reference string) string { return reference[strings.LastIndexByte(reference, '/')+1:] }

func (d *description) parameters(op operation) []parameter {
	var all []parameter
	for _, p := range op.Parameters {
		if p.Ref != "" {
			p = d.Components.Parameters[last(p.Ref)]
		}
		all = append(all, p)
	}
	return all
}

// response finds what the document says of a status.
func (d *description) response(path, method, status string) (response, bool) {
	r, found := d.Paths[path][method].Responses[status]
	r.pointer = join("paths", path, method, "responses", status)
	if r.Ref != "" {
		name := last(r.Ref)
		r, found = d.Components.Responses[name]
		r.pointer = join("components", "responses", name)
	}
	headers := map[string]header{}
	for name, h := range r.Headers {
		h.pointer = r.pointer + join("headers", name)
		if h.Ref != "" {
			component := last(h.Ref)
			h = d.Components.Headers[component]
			h.pointer = join("components", "headers", component)
		}
		headers[name] = h
	}
	r.Headers = headers
	return r, found
}

// key names an operation as the tests do.
func key(method, path string) string { return strings.ToUpper(method) + " " + path }

// operations are all, by their keys and in their order.
func (d *description) operations() (keys []string) {
	for path, methods := range d.Paths {
		for method := range methods {
			keys = append(keys, key(method, path))
		}
	}
	slices.Sort(keys)
	return keys
}

func (d *description) operation(key string) (method, path string, op operation) {
	upper, path, _ := strings.Cut(key, " ")
	method = strings.ToLower(upper)
	return method, path, d.Paths[path][method]
}

func TestExamplesAreWhatTheirSchemasAskFor(t *testing.T) {
	d := describe(t)
	examples := 0
	for _, key := range d.operations() {
		method, path, op := d.operation(key)
		for media, content := range op.RequestBody.Content {
			schema := d.schema(t, "paths", path, method, "requestBody", "content", media, "schema")
			for name, example := range content.Examples {
				examples++
				if err := schema.Validate(example.Value); err != nil {
					t.Errorf("%s, %s, example %s: %v", key, media, name, err)
				}
			}
		}
	}
	if examples == 0 {
		t.Error("there are none")
	}
	ids := map[string]bool{}
	for _, key := range d.operations() {
		_, _, op := d.operation(key)
		if ids[op.OperationID] || op.OperationID == "" {
			t.Errorf("%s has the id %q, as another one has", key, op.OperationID)
		}
		ids[op.OperationID] = true
	}
}

// sorted are the keys of a map.
func sorted[V any](m map[string]V) []string { return slices.Sorted(maps.Keys(m)) }
