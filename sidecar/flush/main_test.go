package flush

import (
	"testing"

	"github.com/progress-sync/progress-sync/test/postgres"
)

func TestMain(m *testing.M) { pgtest.Main(m) }
