package config_test

import (
	"strings"
	"testing"

	"github.com/progress-sync/progress-sync/sidecar/config"
)

func TestAMappingNamesEveryMistake(t *testing.T) {
	_, err := config.Parse([]byte(`{"database":{"mapping":{
		"table": "", "keyColumns": {"userId": "u", "courseId": "u"},
		"columns": {"percent": "p", "seekEvents": "s", "pauseEvents": "s", "completed": ""},
		"fixed": {"s": "1"}}}}`))
	if err == nil {
		t.Fatal("no error")
	}
	for _, want := range []string{
		`database.mapping.table is ""`, `keyColumns.lessonId is ""`, `keyColumns.courseId is "u", which keyColumns.userId has already`,
		"columns.percent is unknown; allowed: moduleId, positionSeconds", `columns.seekEvents is "s", which columns.pauseEvents has already`,
		`fixed.s is "s", which columns.seekEvents has already`,
	} {
		if !strings.Contains(err.Error(), want) {
			t.Errorf("the error does not say %q:\n%v", want, err)
		}
	}
}

func TestACourselessOrScaledMappingNamesItsMistakes(t *testing.T) {
	for mapping, want := range map[string]string{
		`"keyColumns":{"userId":"u","courseId":"c","lessonId":"l"},"columns":{"percentage":"p","courseId":"d"}`:              "columns.courseId is given, and keyColumns.courseId too",
		`"keyColumns":{"userId":"u","lessonId":"l"},"columns":{"courseId":"d"}`:                                              "columns names no column",
		`"keyColumns":{"userId":"u","lessonId":"l"},"columns":{"percentage":"p","courseId":"u"}`:                             `columns.courseId is "u", which keyColumns.userId has already`,
		`"keyColumns":{"userId":"u","lessonId":"l"},"columns":{"percentage":"p"},"scale":{"percentage":"0.5"}`:               `scale.percentage is "0.5"; allowed: 0.001, 0.01`,
		`"keyColumns":{"userId":"u","lessonId":"l"},"columns":{"percentage":"p"},"scale":{"positionSeconds":"1000"}`:         "scale.positionSeconds has no column",
		`"keyColumns":{"userId":"u","lessonId":"l"},"columns":{"percentage":"p","completed":"d"},"scale":{"completed":"10"}`: "scale.completed has no scale; allowed: percentage",
	} {
		_, err := config.Parse([]byte(`{"database":{"mapping":{"table":"t",` + mapping + `}}}`))
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("the error of %s does not say %q:\n%v", mapping, want, err)
		}
	}
	c, err := config.Parse([]byte(`{"database":{"mapping":{"table":"t","keyColumns":{"userId":"u","lessonId":"l"},
		"columns":{"percentage":"p","courseId":"c"},"scale":{"percentage":"0.01"}}}}`))
	if err != nil || c.Database.Mapping.Scale["percentage"] != "0.01" || c.Database.Mapping.KeyColumns.CourseID != "" {
		t.Errorf("got %+v, %v", c.Database.Mapping, err)
	}
}

func TestAMappingIsInSchemaPublicByDefault(t *testing.T) {
	c, err := config.Parse([]byte(`{"database":{"mapping":{"table":"t",
		"keyColumns":{"userId":"u","courseId":"c","lessonId":"l"},"columns":{"percentage":"p"}}}}`))
	if err != nil {
		t.Fatal(err)
	}
	if c.Database.Mapping.Schema != "public" {
		t.Errorf("got %+v", c.Database.Mapping)
	}
	if _, err := config.Parse([]byte(`{"database":{"mapping":["x"]}}`)); err == nil || !strings.Contains(err.Error(), "database.mapping is") {
		t.Errorf("an array was taken: %v", err)
	}
}

func TestConfigurationsAreEqualByWhatTheySay(t *testing.T) {
	with := func(column string) config.Config {
		c := config.Default()
		c.Database.Mapping = &config.Mapping{Table: "t", Columns: map[string]string{"percentage": column}}
		return c
	}
	if !with("a").Equal(with("a")) {
		t.Error("the same mapping made twice differs")
	}
	if with("a").Equal(with("b")) || with("a").Equal(config.Default()) {
		t.Error("different mappings are equal")
	}
}
