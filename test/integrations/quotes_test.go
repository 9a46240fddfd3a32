package integrations

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func TestTheDocumentsQuoteWhatIsTested(t *testing.T) {
	docs := filepath.Join("..", "..", "docs", "integrations")
	tests := map[string]struct{ file, language string }{
		"go.md":     {filepath.Join("..", "..", "test", "lms", "web", "proxy.go"), "go"},
		"node.md":   {filepath.Join("examples", "node", "progress.mjs"), "js"},
		"django.md": {filepath.Join("examples", "django", "progress.py"), "python"},
		"rails.md":  {filepath.Join("examples", "rails", "progress_controller.rb"), "ruby"},
		"php.md":    {filepath.Join("examples", "php", "progress.php"), "php"},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			document, err := os.ReadFile(filepath.Join(docs, name))
			if err != nil {
				t.Fatal(err)
			}
			code, err := os.ReadFile(filepath.Join(docs, tt.file))
			if err != nil {
				t.Fatal(err)
			}
			if !strings.Contains(string(document), "```"+tt.language+"\n"+string(code)+"```\n") {
				t.Errorf("%s does not quote %s as it is", name, tt.file)
			}
		})
	}
}
