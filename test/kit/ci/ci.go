// Package ci tells a run of continuous integration from one on somebody's machine.
// Services that run it set the variable CI to true.
package ci

// Runs reports whether this is a run of CI, whose machine has to have every means that
// a test needs.
func Runs(getenv func(string) string) bool {
	set := getenv("CI")
	return set != "" && set != "false" && set != "0"
}
