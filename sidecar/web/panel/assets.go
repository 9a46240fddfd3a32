package panel

import (
	"crypto/sha256"
	"embed"
	"encoding/hex"
	"net/http"
	"path"
	"strings"
	"time"
)

//go:embed static
var static embed.FS

// asset is one of the page's files.
type asset struct {
	media, content, tag string
}

// readAssets returns the files by their names below Path, the page itself by
// the empty one.
func readAssets() map[string]asset {
	media := map[string]string{
		".html": "text/html; charset=utf-8", ".css": "text/css; charset=utf-8",
		".js": "text/javascript; charset=utf-8", ".svg": "image/svg+xml",
	}
	files := map[string]asset{}
	entries, _ := static.ReadDir("static") // they are part of the binary
	for _, entry := range entries {
		name := entry.Name()
		content, _ := static.ReadFile("static/" + name)
		sum := sha256.Sum256(content)
		file := asset{media: media[path.Ext(name)], content: string(content), tag: `"` + hex.EncodeToString(sum[:12]) + `"`}
		if name == "index.html" {
			name = ""
		}
		files[name] = file
	}
	return files
}

// serve answers 304 where the browser has the file of this version already; it
// asks each time, since the next sidecar at the address may be another version.
func (a asset) serve(w http.ResponseWriter, r *http.Request) {
	header := w.Header()
	header.Set("Content-Type", a.media)
	header.Set("Cache-Control", "no-cache")
	header.Set("ETag", a.tag)
	http.ServeContent(w, r, "", time.Time{}, strings.NewReader(a.content))
}
