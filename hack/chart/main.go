// Command chart writes those parts of the Helm chart that follow from what
// controller-gen made: the CustomResourceDefinition as a template that can be
// upgraded, and the operator's RBAC rules.
//
// It reads config/crd/bases and config/rbac/role.yaml below the directory given
// as its only argument and writes below charts/progress-sync/templates there.
package main

import (
	"fmt"
	"os"
	"path/filepath"
)

func main() {
	if len(os.Args) != 2 {
		fmt.Fprintln(os.Stderr, "usage: chart <directory of the project>")
		os.Exit(2)
	}
	if err := run(os.Args[1]); err != nil {
		fmt.Fprintln(os.Stderr, "writing the generated parts of the chart:", err)
		os.Exit(1)
	}
}

func run(root string) error {
	templates := filepath.Join(root, "charts", "progress-sync", "templates")
	bases, err := filepath.Glob(filepath.Join(root, "config", "crd", "bases", "*.yaml"))
	if err != nil {
		return err
	}
	if len(bases) == 0 {
		return fmt.Errorf("no CustomResourceDefinition in %s: run controller-gen first", filepath.Join(root, "config", "crd", "bases"))
	}
	var crds []byte
	for _, base := range bases {
		source, err := os.ReadFile(base)
		if err != nil {
			return err
		}
		template, err := crdTemplate(source)
		if err != nil {
			return fmt.Errorf("%s: %w", base, err)
		}
		crds = append(crds, template...)
	}
	if err := os.WriteFile(filepath.Join(templates, "crds.yaml"), crds, 0o644); err != nil {
		return err
	}
	role := filepath.Join(root, "config", "rbac", "role.yaml")
	source, err := os.ReadFile(role)
	if err != nil {
		return err
	}
	rules, err := rulesTemplate(source)
	if err != nil {
		return fmt.Errorf("%s: %w", role, err)
	}
	return os.WriteFile(filepath.Join(templates, "_rules.tpl"), rules, 0o644)
}
