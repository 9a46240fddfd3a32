package integrations

import (
	"maps"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
)

func TestTheDocumentsQuoteWhatIsTested(t *testing.T) {
	docs := filepath.Join("..", "..", "docs", "integrations")
	const browser = "examples/browser/"
	tests := map[string][]string{
		"go.md":     {"../../test/lms/web/proxy.go"},
		"node.md":   {"examples/node/progress.mjs"},
		"django.md": {"examples/django/progress.py"},
		"rails.md":  {"examples/rails/progress_controller.rb"},
		"php.md":    {"examples/php/progress.php"},
		"browser.md": {
			browser + "vite/vite.config.ts", browser + "vite/src/App.tsx",
			browser + "next/app/lessons/[lesson]/page.tsx", browser + "next/app/lessons/[lesson]/player.tsx", browser + "next/next.config.ts",
			browser + "html/index.html", browser + "videojs/main.ts", browser + "plyr/main.ts", browser + "hls/main.ts",
			browser + "custom/follow.ts", browser + "course/CourseHead.tsx", browser + "signedout/token.ts", browser + "migration/LessonPlayer.tsx",
		},
	}
	for name, files := range tests {
		t.Run(name, func(t *testing.T) {
			document, err := os.ReadFile(filepath.Join(docs, name))
			if err != nil {
				t.Fatal(err)
			}
			var quoted []string
			for _, block := range code.FindAllStringSubmatch(string(document), -1) {
				quoted = append(quoted, block[1])
			}
			// The other pages have blocks of settings, too.
			if name == "browser.md" && len(quoted) != len(files) {
				t.Errorf("%d blocks of code, and %d files that are tested", len(quoted), len(files))
			}
			for _, file := range files {
				tested, err := os.ReadFile(filepath.Join(docs, filepath.FromSlash(file)))
				if err != nil {
					t.Fatal(err)
				}
				language := languages[filepath.Ext(file)]
				if !slices.Contains(quoted, language+"\n"+string(tested)) {
					t.Errorf("%s does not quote %s as it is", name, file)
				}
			}
		})
	}
}

// code is each block in a language that is run, with the language before it.
var code = regexp.MustCompile("(?s)```((?:" + strings.Join(slices.Sorted(maps.Values(languages)), "|") + ")\n.*?)```\n")

// languages of fenced blocks, by the files' endings.
var languages = map[string]string{
	".go": "go", ".mjs": "js", ".py": "python", ".rb": "ruby", ".php": "php", ".ts": "ts", ".tsx": "tsx", ".html": "html",
}
