// Command elfcheck fails unless the given files are static Linux executables
// for the given architecture: elfcheck arm64 FILE...
//
// An image that says arm64 and holds an amd64 binary builds and uploads without
// a word, and fails on the node.
package main

import (
	"debug/elf"
	"errors"
	"fmt"
	"os"
)

func main() {
	if len(os.Args) < 3 {
		fmt.Fprintln(os.Stderr, "usage: elfcheck amd64|arm64 FILE...")
		os.Exit(2)
	}
	failed := false
	for _, path := range os.Args[2:] {
		if err := check(path, os.Args[1]); err != nil {
			fmt.Fprintf(os.Stderr, "%s: %v\n", path, err)
			failed = true
		}
	}
	if failed {
		os.Exit(1)
	}
}

func check(path, architecture string) error {
	machines := map[string]elf.Machine{"amd64": elf.EM_X86_64, "arm64": elf.EM_AARCH64}
	want, known := machines[architecture]
	if !known {
		return fmt.Errorf("unknown architecture %q", architecture)
	}
	file, err := elf.Open(path)
	if err != nil {
		return err
	}
	defer file.Close()
	if file.Machine != want {
		return fmt.Errorf("is for %s, want %s", file.Machine, want)
	}
	libraries, err := file.ImportedLibraries()
	if err != nil && !errors.Is(err, elf.ErrNoSymbols) {
		return err
	}
	if len(libraries) > 0 {
		return fmt.Errorf("is not static, it needs %v", libraries)
	}
	for _, segment := range file.Progs {
		if segment.Type == elf.PT_INTERP {
			return errors.New("is not static, it names a dynamic loader")
		}
	}
	return nil
}
