package run

import (
	"context"

	"github.com/progress-sync/progress-sync/sidecar/buffer"
	"github.com/progress-sync/progress-sync/sidecar/ingest"
	"github.com/progress-sync/progress-sync/sidecar/postgres"
)

// reader asks the database in the words of ingest.
type reader struct {
	db     *postgres.Database
	writer string
}

func (r reader) Read(ctx context.Context, f buffer.Filter) (ingest.Saved, error) {
	snapshot, err := r.db.ReadAt(ctx, r.writer, postgres.Filter(f))
	return ingest.Saved{Records: snapshot.Records, Applied: snapshot.Numbers, Forms: snapshot.Forms}, err
}
