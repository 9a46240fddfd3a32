package images

import (
	"archive/tar"
	"errors"
	"io"
	"os"
	"path/filepath"
	"testing"

	"github.com/google/go-cmp/cmp"
	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/mutate"
	"github.com/google/go-containerregistry/pkg/v1/tarball"
)

func TestAnImageHoldsTheBinaryAndNothingElse(t *testing.T) {
	builder := Builder{Root: filepath.Join("..", "..", ".."), Dir: t.TempDir(), Out: io.Discard}
	pause := Pause()
	pause.Args = []string{"run"}
	built, err := builder.Build(t.Context(), pause)
	if err != nil {
		t.Fatal(err)
	}
	image, err := tarball.ImageFromPath(built[0].Tarball, nil)
	if err != nil {
		t.Fatal(err)
	}
	file, err := image.ConfigFile()
	if err != nil {
		t.Fatal(err)
	}
	want := v1.Config{User: "65532:65532", Entrypoint: []string{"/pause"}, Cmd: []string{"run"}}
	if diff := cmp.Diff(want, file.Config); diff != "" {
		t.Errorf("image configuration (-want +got):\n%s", diff)
	}
	content := mutate.Extract(image)
	defer content.Close()
	var names []string
	for reader := tar.NewReader(content); ; {
		header, err := reader.Next()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			t.Fatal(err)
		}
		names = append(names, header.Name)
		if header.Mode != 0o755 {
			t.Errorf("%s has mode %o", header.Name, header.Mode)
		}
	}
	if diff := cmp.Diff([]string{"pause"}, names); diff != "" {
		t.Errorf("files of the image (-want +got):\n%s", diff)
	}
}

func TestAssetsAreInAFolderOfTheImage(t *testing.T) {
	assets := t.TempDir()
	write := func(text string) {
		t.Helper()
		if err := os.WriteFile(filepath.Join(assets, "page.js"), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	write("one")
	builder := Builder{Root: filepath.Join("..", "..", ".."), Dir: t.TempDir(), Out: io.Discard}
	with := Pause()
	with.Assets = assets
	first, err := builder.Build(t.Context(), with)
	if err != nil {
		t.Fatal(err)
	}
	image, err := tarball.ImageFromPath(first[0].Tarball, nil)
	if err != nil {
		t.Fatal(err)
	}
	packed := mutate.Extract(image)
	defer packed.Close()
	files := map[string]string{}
	for reader := tar.NewReader(packed); ; {
		header, err := reader.Next()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			t.Fatal(err)
		}
		text, err := io.ReadAll(reader)
		if err != nil {
			t.Fatal(err)
		}
		files[header.Name] = string(text)
	}
	if len(files) != 2 || files["assets/page.js"] != "one" || files["pause"] == "" {
		t.Errorf("it has %d files, the page %q", len(files), files["assets/page.js"])
	}
	write("two")
	second, err := builder.Build(t.Context(), with)
	if err != nil || second[0].ID == first[0].ID {
		t.Errorf("other assets have the same identity (%v)", err)
	}
}

func TestAnUnchangedImageKeepsItsIdentity(t *testing.T) {
	builder := Builder{Root: filepath.Join("..", "..", ".."), Dir: t.TempDir(), Out: io.Discard}
	build := func(image Image) Built {
		t.Helper()
		built, err := builder.Build(t.Context(), image)
		if err != nil {
			t.Fatal(err)
		}
		return built[0]
	}
	first := build(Pause())
	if diff := cmp.Diff(first, build(Pause())); diff != "" {
		t.Errorf("the same image differs (-first +second):\n%s", diff)
	}
	changed := Pause()
	changed.Args = []string{"other"}
	if build(changed).ID == first.ID {
		t.Error("another command has the same identity")
	}
}

func TestFurtherProgramsLieBesideTheFirst(t *testing.T) {
	builder := Builder{Root: filepath.Join("..", "..", ".."), Dir: t.TempDir(), Out: io.Discard}
	two := Pause()
	two.Beside = []string{"./test/cluster/probe"}
	built, err := builder.Build(t.Context(), two)
	if err != nil {
		t.Fatal(err)
	}
	image, err := tarball.ImageFromPath(built[0].Tarball, nil)
	if err != nil {
		t.Fatal(err)
	}
	packed := mutate.Extract(image)
	defer packed.Close()
	sizes := map[string]bool{}
	for reader := tar.NewReader(packed); ; {
		header, err := reader.Next()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			t.Fatal(err)
		}
		sizes[header.Name] = header.Mode == 0o755 && header.Size > 1000
	}
	if diff := cmp.Diff(map[string]bool{"pause": true, "probe": true}, sizes); diff != "" {
		t.Errorf("programs of the image (-want +got):\n%s", diff)
	}
}
