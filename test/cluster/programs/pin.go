package programs

import (
	"bufio"
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
)

// requiredVersion finds the version of a module among the requirements of a
// go.mod file.
func requiredVersion(gomod []byte, module string) (string, error) {
	inBlock := false
	lines := bufio.NewScanner(bytes.NewReader(gomod))
	for lines.Scan() {
		fields := strings.Fields(lines.Text())
		switch {
		case len(fields) == 0:
		case fields[0] == "require" && len(fields) >= 2 && fields[1] == "(":
			inBlock = true
		case fields[0] == ")":
			inBlock = false
		case inBlock && len(fields) >= 2 && fields[0] == module:
			return fields[1], nil
		case fields[0] == "require" && len(fields) >= 3 && fields[1] == module:
			return fields[2], nil
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
