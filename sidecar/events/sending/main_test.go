package sending

import (
	"testing"

	pgtest "github.com/progress-sync/progress-sync/test/postgres"
)

func TestMain(m *testing.M) { pgtest.Main(m) }
