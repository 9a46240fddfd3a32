package images

import (
	"archive/tar"
	"bytes"
	"fmt"
	"io/fs"
	"os"
	"path"
	"time"
)

// file of an image.
type file struct {
	name    string
	mode    int64
	content []byte
}

func program(name string, binary []byte) file { return file{name: name, mode: 0o755, content: binary} }

// content of an image: its programs, and its assets in their folder.
func content(image Image, programs []file) ([]file, error) {
	files := programs
	if image.Assets == "" {
		return files, nil
	}
	folder := os.DirFS(image.Assets)
	err := fs.WalkDir(folder, ".", func(name string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() {
			return err
		}
		read, err := fs.ReadFile(folder, name)
		files = append(files, file{name: path.Join("assets", name), mode: 0o644, content: read})
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("reading the assets: %w", err)
	}
	return files, nil
}

func size(files []file) int64 {
	var sum int64
	for _, f := range files {
		sum += int64(len(f.content))
	}
	return sum
}

func archive(files []file) ([]byte, error) {
	var packed bytes.Buffer
	writer := tar.NewWriter(&packed)
	for _, f := range files {
		header := &tar.Header{Name: f.name, Mode: f.mode, Size: int64(len(f.content)), ModTime: time.Unix(0, 0), Format: tar.FormatPAX}
		if err := writer.WriteHeader(header); err != nil {
			return nil, fmt.Errorf("archiving %s: %w", f.name, err)
		}
		if _, err := writer.Write(f.content); err != nil {
			return nil, fmt.Errorf("archiving %s: %w", f.name, err)
		}
	}
	if err := writer.Close(); err != nil {
		return nil, fmt.Errorf("archiving: %w", err)
	}
	return packed.Bytes(), nil
}
