//go:build e2e

package e2e

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"os"
	"testing"
)

// shared is what all tests run on; TestMain makes it before them.
var shared *suite

func TestMain(m *testing.M) {
	code, err := runAll(context.Background(), m)
	if err != nil {
		fmt.Fprintln(os.Stderr, "e2e:", err)
		code = 1
	}
	os.Exit(code)
}

func runAll(ctx context.Context, m *testing.M) (code int, err error) {
	shared, err = newSuite(ctx)
	if shared != nil {
		defer func() { err = errors.Join(err, shared.close(ctx)) }()
	}
	if err != nil {
		return 1, err
	}
	// The tests wait far more than they work, so more of them than there are
	// cores run side by side.
	flag.Parse()
	if err := flag.Set("test.parallel", "5"); err != nil {
		return 1, fmt.Errorf("setting how many tests run side by side: %w", err)
	}
	return m.Run(), nil
}
