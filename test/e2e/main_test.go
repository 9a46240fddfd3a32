//go:build e2e

package e2e

import (
	"context"
	"errors"
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
	return m.Run(), nil
}
