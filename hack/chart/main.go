// Command chart writes the operator's RBAC rules into the Helm chart as named
// templates.
//
// It reads config/rbac/role.yaml, which controller-gen made, below the directory
// given as its only argument and writes below charts/progress-sync/templates
// there.
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
		fmt.Fprintln(os.Stderr, "writing the rules of the chart:", err)
		os.Exit(1)
	}
}

func run(root string) error {
	role := filepath.Join(root, "config", "rbac", "role.yaml")
	source, err := os.ReadFile(role)
	if err != nil {
		return err
	}
	rules, err := rulesTemplate(source)
	if err != nil {
		return fmt.Errorf("%s: %w", role, err)
	}
	return os.WriteFile(filepath.Join(root, "charts", "progress-sync", "templates", "_rules.tpl"), rules, 0o644)
}
