package inject

import (
	"context"
	"math/rand/v2"

	"github.com/progress-sync/progress-sync/sidecar/config"
	"github.com/progress-sync/progress-sync/test/fault/world"
)

// configuration changes batch size, connections, the way statements are sent, the cap of
// pending records and how many events a request has, under way.
type configuration struct {
	nothing
	before config.Config
}

func (*configuration) Name() string { return "configuration changed" }

func (f *configuration) Inject(_ context.Context, w *world.World, random *rand.Rand) error {
	f.before = w.Config
	w.Config.Sync.BatchSize = 1 + random.IntN(200)
	w.Config.Database.MaxConnections = 1 + random.IntN(3)
	w.Config.Database.ExecMode = []config.ExecMode{
		config.ExecModeCacheStatement, config.ExecModeCacheDescribe, config.ExecModeExec,
	}[random.IntN(3)]
	w.Config.Buffer.MaxPendingRecords = 100 + random.IntN(3000)
	webhook := *f.before.Events.Webhook
	webhook.Batch = 1 + random.IntN(20)
	w.Config.Events.Webhook = &webhook
	return w.Configure()
}

func (f *configuration) Heal(_ context.Context, w *world.World) error {
	generation := w.Config.Policy.Generation
	w.Config = f.before
	w.Config.Policy.Generation = generation
	return w.Configure()
}
