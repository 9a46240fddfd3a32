package programs

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"

	"golang.org/x/mod/modfile"
)

// requiredVersion finds the version of a module among the requirements of a
// go.mod file.
func requiredVersion(gomod []byte, module string) (string, error) {
	file, err := modfile.ParseLax("go.mod", gomod, nil)
	if err != nil {
		return "", fmt.Errorf("reading the requirements: %w", err)
	}
	for _, required := range file.Require {
		if required.Mod.Path == module {
			return required.Mod.Version, nil
		}
	}
	return "", fmt.Errorf("go.mod requires no %s", module)
}

// fingerprint identifies what a program is built from: the files of its tool
// module, its linker flags and the toolchain.
func fingerprint(dir string, p Program, version, toolchain string) (string, error) {
	var files []string
	err := filepath.WalkDir(dir, func(path string, entry fs.DirEntry, err error) error {
		if err == nil && entry.Type().IsRegular() {
			files = append(files, path)
		}
		return err
	})
	if err != nil {
		return "", fmt.Errorf("listing what pins %s: %w", p.Name, err)
	}
	slices.Sort(files)
	sum := sha256.New()
	fmt.Fprintln(sum, p.Package, p.linkerFlags(version), toolchain)
	for _, file := range files {
		content, err := os.ReadFile(file)
		if err != nil {
			return "", fmt.Errorf("reading what pins %s: %w", p.Name, err)
		}
		fmt.Fprintln(sum, filepath.Base(file), len(content))
		sum.Write(content)
	}
	return hex.EncodeToString(sum.Sum(nil)), nil
}
