package learner

import (
	"fmt"
	"math/rand/v2"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/progress-sync/progress-sync/test/truth"
)

// These are the figures by which one judges how often learners see something else than
// what they did.
func TestReadingBack(t *testing.T) {
	for name, tt := range map[string]struct {
		status                    int
		answer                    string
		all, stale, behind, ahead int64
		wrong                     bool
	}{
		"what was sent is there":                       {200, `{"progress":[{"updateCount":1}]}`, 1, 0, 0, 0, false},
		"it is missing, and more may be elsewhere":     {200, `{"progress":[],"stale":true}`, 1, 1, 0, 0, false},
		"it is missing":                                {200, `{"progress":[]}`, 1, 0, 1, 0, false},
		"it is there twice":                            {200, `{"progress":[{"updateCount":2}]}`, 1, 0, 0, 1, false},
		"it is there twice, and more may be elsewhere": {200, `{"progress":[{"updateCount":2}],"stale":true}`, 1, 0, 0, 1, false},
		"the sidecar shuts down":                       {503, ``, 0, 0, 0, 0, false},
		"the answer breaks off":                        {200, `{"progress":[{"upd`, 0, 0, 0, 0, false},
		"a mistake of the sidecar":                     {500, ``, 0, 0, 0, 0, true},
	} {
		t.Run(name, func(t *testing.T) {
			sidecar := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				if r.Method == http.MethodPost {
					w.WriteHeader(http.StatusNoContent)
					return
				}
				w.WriteHeader(tt.status)
				_, _ = fmt.Fprint(w, tt.answer)
			}))
			defer sidecar.Close()
			load := &Load{
				options: Options{Services: [][]string{{strings.TrimPrefix(sidecar.URL, "http://")}}, Course: "course"},
				account: truth.NewAccount(), client: sidecar.Client(),
			}
			// A seed with which no request is given up.
			s := &sender{load: load, persistent: true, random: rand.New(rand.NewPCG(2, 1))}
			if err := s.readBack(t.Context(), 0); (err != nil) != tt.wrong {
				t.Error(err)
			}
			if all, stale, behind, ahead := load.Reads(); all != tt.all || stale != tt.stale || behind != tt.behind || ahead != tt.ahead {
				t.Errorf("%d read, %d stale, %d behind, %d ahead", all, stale, behind, ahead)
			}
		})
	}
}
