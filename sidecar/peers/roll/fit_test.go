package roll_test

import (
	"github.com/progress-sync/progress-sync/sidecar/peers/identity"
	"github.com/progress-sync/progress-sync/sidecar/peers/roll"
	"github.com/progress-sync/progress-sync/sidecar/postgres"
)

// What a sidecar puts together fits.
var (
	_ roll.Registry     = (*postgres.Database)(nil)
	_ roll.Keys         = (*identity.Identity)(nil)
	_ identity.Registry = (*roll.Roll)(nil)
)
