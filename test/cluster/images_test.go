package cluster

import (
	"path/filepath"
	"strings"
	"testing"
)

func TestImagesAreLoadedOnlyWhereItIsKnownHow(t *testing.T) {
	o := Options{Cache: t.TempDir(), Number: DefaultNumber}
	foreign := filepath.Join(t.TempDir(), "kubeconfig")
	for name, c := range map[string]struct {
		kubeconfig, command string
		// want is in the error; empty for a cluster of KUBECONFIG.
		want string
	}{
		"no cluster":                     {"", "", "none was started here"},
		"the own one, which is gone":     {o.Kubeconfig(), "", "none was started here"},
		"another one, no way to load":    {foreign, "", "PROGRESS_SYNC_IMAGE_LOAD does not say how"},
		"another one, and how to load":   {foreign, "kind load image-archive", ""},
		"a way to load, and no cluster":  {"", "kind load image-archive", "none was started here"},
		"the own one, and a way to load": {o.Kubeconfig(), "true", "none was started here"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Setenv("KUBECONFIG", c.kubeconfig)
			t.Setenv(imageLoad, c.command)
			found, err := ForImages(t.Context(), o)
			switch {
			case c.want != "" && (err == nil || !strings.Contains(err.Error(), c.want)):
				t.Errorf("got %v, want %s", err, c.want)
			case c.want == "" && (err != nil || !found.External() || found.Kubeconfig() != foreign):
				t.Errorf("got %+v, %v", found, err)
			}
		})
	}
}
