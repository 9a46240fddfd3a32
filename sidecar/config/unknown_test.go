package config_test

import (
	"fmt"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/progress-sync/progress-sync/sidecar/config"
)

// A policy whose setting an older sidecar ignores must not count as obeyed.
func TestWhatIsNotUnderstoodIsNamed(t *testing.T) {
	for name, c := range map[string]struct {
		file string
		want []string
	}{
		"all is understood":                 {`{"sync":{"interval":"1m"},"database":{"mapping":null}}`, nil},
		"nothing":                           {"", nil},
		"no object":                         {`[1]`, nil},
		"a section":                         {`{"web":{"port":1}}`, []string{"web"}},
		"a setting":                         {`{"sync":{"later":1,"interval":"1m"}}`, []string{"sync.later"}},
		"a section and a setting, in order": {`{"z":{},"sync":{"z":1,"a":1},"a":0}`, []string{"a", "sync.a", "sync.z", "z"}},
		"in a setting that is an object":    {`{"buffer":{"eventIds":{"maxCount":1,"persist":true}}}`, []string{"buffer.eventIds.persist"}},
		"in the mapping": {`{"database":{"mapping":{"table":"t","upsert":1,"keyColumns":{"userId":"u","lessonId":"l","tenantId":"x"},
			"columns":{"percentage":"p"},"fixed":{"tenant":"7"}}}}`, []string{"database.mapping.keyColumns.tenantId", "database.mapping.upsert"}},
		"in a class, its match and adaptive": {`{"sync":{"classes":[{"name":"a","later":1},{"match":{"tags":[]}}],"adaptive":{"gain":2}}}`,
			[]string{"sync.adaptive.gain", "sync.classes[0].later", "sync.classes[1].match.tags"}},
		"in an arm and its settings": {`{"variants":{"by":"course","arms":[{"name":"a","sync":{"batchSize":5}},{"share":1}]}}`,
			[]string{"variants.arms[0].sync.batchSize", "variants.arms[1].share", "variants.by"}},
		"a member of a class in another case, which is not read": {`{"sync":{"classes":[{"Interval":"1m"}]}}`, []string{"sync.classes[0].Interval"}},
		"a section in another case, which is not read":           {`{"Sync":{"interval":"1m"}}`, []string{"Sync"}},
		"a member of a setting in another case, which is":        {`{"buffer":{"eventIds":{"MaxCount":1}}}`, nil},
		"a name with what a terminal obeys":                      {"{\"sync\":{\"a\\u001b[2J\":1}}", []string{"sync.a\ufffd[2J"}},
		"with a mistake elsewhere":                               {`{"sync":{"interval":5,"later":1}}`, []string{"sync.later"}},
	} {
		t.Run(name, func(t *testing.T) {
			got := config.UnknownSettings([]byte(c.file))
			if diff := cmp.Diff(c.want, got, cmpopts.EquateEmpty()); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
		})
	}
}

func TestWhatIsNotUnderstoodIsBounded(t *testing.T) {
	var file strings.Builder
	file.WriteString(`{"sync":{"interval":"1m"`)
	for i := range 1000 {
		fmt.Fprintf(&file, `,"é%s%03d":1`, strings.Repeat("é", 200), i)
		fmt.Fprintf(&file, `,"x%03d":1`, i)
	}
	file.WriteString("}}")
	got := config.UnknownSettings([]byte(file.String()))
	if len(got) != 50 || got[0] != "sync.x000" || got[49] != "sync.x049" {
		t.Errorf("%d: %q", len(got), got)
	}
	long := config.UnknownSettings([]byte(`{"` + strings.Repeat("é", 200) + `":1}`))
	if len(long) != 1 || len(long[0]) > 100 || !utf8.ValidString(long[0]) {
		t.Errorf("%q", long)
	}
}
