package config_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/progress-sync/progress-sync/sidecar/config"
)

// Versions of policy campus/lms, the oldest first. The last one was made anew
// after the policy had been deleted.
const (
	first  = `"namespace":"campus","name":"lms","generation":1,"createdAt":"2026-01-01T10:00:00Z"`
	second = `"namespace":"campus","name":"lms","generation":2,"createdAt":"2026-01-01T10:00:00Z"`
	anew   = `"namespace":"campus","name":"lms","generation":1,"createdAt":"2026-03-01T10:00:00Z"`
	// As an operator writes them that does not tell the creation.
	undated2 = `"namespace":"campus","name":"lms","generation":2`
	undated3 = `"namespace":"campus","name":"lms","generation":3`

	other = `"namespace":"campus","name":"shop","generation":9,"createdAt":"2026-05-01T10:00:00Z"`
)

// of a policy, with a size by which it is told apart.
func of(policy string, size int) string {
	return fmt.Sprintf(`{"policy":{%s},"sync":{"batchSize":%d}}`, policy, size)
}

func TestTheNewestConfigurationIsInUse(t *testing.T) {
	const (
		defaults = 10 // the batch size of the defaults
		ofFile   = 21
		ofKept   = 22
		ofPod    = 23
		broken   = `{"policy":{"namespace":"campus","name":"lms"},"sync":{"batchSize":0}}`

		noFile, older, noError = "there is no file", "older version", ""
	)
	for name, c := range map[string]struct {
		file, kept, injected string
		source               config.Source
		batchSize            int
		passed, err          string
	}{
		// Without a pod: the file is what whoever started the sidecar wants.
		"nothing at all is the defaults":                 {"", "", "", "defaults", defaults, noFile, noError},
		"a file without a policy is used":                {`{"sync":{"batchSize":21}}`, "", "", "file", ofFile, "", noError},
		"a file without a policy replaces the last one":  {`{"sync":{"batchSize":21}}`, of("", ofKept), "", "file", ofFile, "", noError},
		"a file without a policy replaces a policy's":    {`{"sync":{"batchSize":21}}`, of(first, ofKept), "", "file", ofFile, "", noError},
		"a file that is shrunk to {} is the defaults":    {`{}`, of("", ofKept), "", "file", defaults, "", noError},
		"a file that goes leaves the last one":           {"", of("", ofKept), "", "kept", ofKept, noFile, noError},
		"a file that is emptied leaves the last one":     {"\n", of("", ofKept), "", "kept", ofKept, noFile, noError},
		"a file that is broken leaves the last one":      {`{"sync":`, of("", ofKept), "", "kept", ofKept, "", "one JSON object"},
		"a file that was never right is the defaults":    {`{"sync":`, "", "", "defaults", defaults, "", "one JSON object"},
		"what was kept and can't be read is told":        {"", broken, "", "defaults", defaults, noFile, "kept: sync.batchSize is 0"},
		"a newer file replaces the last one":             {of(second, ofFile), of(first, ofKept), "", "file", ofFile, "", noError},
		"a file of another policy replaces the last one": {of(first, ofFile), of(other, ofKept), "", "file", ofFile, "", noError},
		"a file that was put back keeps the newer last":  {of(first, ofFile), of(second, ofKept), "", "kept", ofKept, older, noError},

		// With a pod that was injected for campus/lms.
		"before the ConfigMap is written the injected one is used": {"", "", of(first, ofPod), "injected", ofPod, noFile, noError},
		"a file of the same version is used, it knows the volumes": {of(first, ofFile), of(first, ofKept), of(first, ofPod), "file", ofFile, "", noError},
		"a newer file is used": {of(second, ofFile), of(first, ofKept), of(first, ofPod), "file", ofFile, "", noError},
		"a ConfigMap that is stuck is older than the injected one":      {of(first, ofFile), "", of(second, ofPod), "injected", ofPod, older, noError},
		"a policy is deleted after a change: the last one is kept":      {"", of(second, ofKept), of(first, ofPod), "kept", ofKept, noFile, noError},
		"of the same version what was kept knows the volumes":           {"", of(first, ofKept), of(first, ofPod), "kept", ofKept, noFile, noError},
		"what was kept says what is injected":                           {"", of(first, ofPod), of(first, ofPod), "injected", ofPod, noFile, noError},
		"a container that restarts in a pod of a newer version":         {"", of(first, ofKept), of(second, ofPod), "injected", ofPod, noFile, noError},
		"a file that is emptied does not win":                           {"", of(first, ofKept), of(first, ofPod), "kept", ofKept, noFile, noError},
		"a file that is shrunk to {} is not the policy's":               {"{}", of(first, ofKept), of(first, ofPod), "kept", ofKept, "", "file names no policy, and this pod was injected for policy campus/lms"},
		"somebody else's ConfigMap is not used":                         {`{"mine": true}`, "", of(first, ofPod), "injected", ofPod, "", "delete it: the operator then writes the policy's"},
		"another policy's ConfigMap is not used, however new":           {of(other, ofFile), "", of(first, ofPod), "injected", ofPod, "", "file is of policy campus/shop, and"},
		"a file that is broken leaves the injected one":                 {broken, "", of(first, ofPod), "injected", ofPod, "", "file: sync.batchSize is 0"},
		"what was kept for another policy does not count, however new":  {"", of(other, ofKept), of(first, ofPod), "injected", ofPod, noFile, noError},
		"what was kept for no policy does not count":                    {"", of("", ofKept), of(first, ofPod), "injected", ofPod, noFile, noError},
		"a policy that is made anew is newer than its last generation":  {of(anew, ofFile), of(second, ofKept), of(second, ofPod), "file", ofFile, "", noError},
		"a file of before is older than a policy that is made anew":     {of(second, ofFile), of(second, ofKept), of(anew, ofPod), "injected", ofPod, older, noError},
		"an operator that is rolled back still changes the policy":      {of(undated3, ofFile), of(second, ofKept), of(second, ofPod), "file", ofFile, "", noError},
		"an operator that is updated still finds the newest":            {of(first, ofFile), of(undated2, ofKept), of(first, ofPod), "kept", ofKept, older, noError},
		"of one generation it does not matter who tells the creation":   {of(undated2, ofFile), of(second, ofKept), of(second, ofPod), "file", ofFile, "", noError},
		"a policy of before does not come back over an undated one":     {of(anew, ofFile), of(undated3, ofKept), of(second, ofPod), "kept", ofKept, older, noError},
		"an injected one that can't be parsed leaves the file":          {of(first, ofFile), "", `{"policy":`, "file", ofFile, "", noError},
		"an injected one that can't be parsed leaves the last one":      {"", of(first, ofKept), `{"policy":`, "kept", ofKept, noFile, "injected: the configuration must be one JSON object"},
		"an injected one that can't be parsed leaves the defaults":      {"", "", `{"policy":`, "defaults", defaults, noFile, "injected: the"},
		"an injected one with a mistake still says whose pod it is":     {`{"mine": true}`, of(first, ofKept), broken, "kept", ofKept, "", "delete it"},
		"an injected one with a mistake still says whose spool it is":   {"", of(other, ofKept), broken, "defaults", defaults, noFile, "injected: sync.batchSize is 0"},
		"an injected one without a policy gives way to a file":          {of(first, ofFile), "", of("", ofPod), "file", ofFile, "", noError},
		"an injected one without a policy is used where there is none":  {"", "", of("", ofPod), "injected", ofPod, noFile, noError},
		"two policies of one name in two namespaces are not one policy": {strings.Replace(of(second, ofFile), "campus", "lab", 1), "", of(first, ofPod), "injected", ofPod, "", "lab/lms"},
	} {
		t.Run(name, func(t *testing.T) {
			got := config.Choose(config.Read("file", []byte(c.file)), config.Read("kept", []byte(c.kept)), config.Read("injected", []byte(c.injected)))
			if got.Source != c.source || got.Config.Sync.BatchSize != c.batchSize {
				t.Errorf("%s with batch size %d, want %s with %d", got.Source, got.Config.Sync.BatchSize, c.source, c.batchSize)
			}
			if c.passed == "" && got.Passed != "" || !strings.Contains(got.Passed, c.passed) {
				t.Errorf("the file was passed over since %q, want %q", got.Passed, c.passed)
			}
			if (got.Err == nil) != (c.err == "") || got.Err != nil && !strings.Contains(got.Err.Error(), c.err) {
				t.Errorf("error %v, want %q", got.Err, c.err)
			}
			if (len(got.Text) == 0) != (c.source == config.SourceDefaults) {
				t.Errorf("to be kept: %q", got.Text)
			}
		})
	}
}

func TestWhatIsNotUnderstoodComesWithTheChoice(t *testing.T) {
	file := config.Read("file", []byte(`{"policy":{`+first+`},"sync":{"of":"the file"}}`))
	injected := config.Read("injected", []byte(`{"policy":{`+second+`},"sync":{"injected":1}}`))
	if got := config.Choose(file, config.Candidate{}, injected); len(got.Unknown) != 1 || got.Unknown[0] != "sync.injected" {
		t.Errorf("%q", got.Unknown)
	}
}

func TestOneMomentIsOneVersionHoweverItIsWritten(t *testing.T) {
	read := func(createdAt string) config.Config {
		c, err := config.Parse([]byte(`{"policy":{"name":"lms","createdAt":"` + createdAt + `"}}`))
		if err != nil {
			t.Fatal(err)
		}
		return c
	}
	if a, b := read("2026-01-01T10:00:00Z"), read("2026-01-01T12:00:00+02:00"); !a.Equal(b) {
		t.Errorf("%v and %v differ", a.Policy, b.Policy)
	}
	if a, b := read("2026-01-01T10:00:00Z"), read("2026-01-01T10:00:01Z"); a.Equal(b) {
		t.Error("two creations are one")
	}
}
