package postgres

import (
	"context"
	"sync"
	"sync/atomic"
	"time"

	"github.com/jackc/pgx/v5/pgxpool"
)

// Database is a sidecar's way to PostgreSQL. Its methods may be called from
// several goroutines. It connects when it is first asked for something, and
// again after whatever happens to a connection.
type Database struct {
	sql statements

	mu      sync.Mutex
	options Options
	pool    *connectionPool
	closed  bool

	// reading limits how many readers use the pool at once, so that one of
	// several connections, or the next turn on the only one, is left to the
	// writes.
	reading chan struct{}
	// seen is the table to write to, nil until the schema was seen to be there,
	// and again after a statement has missed something.
	seen atomic.Pointer[target]
	// enrolls says that the table of sidecars was seen to be there, as seen does of
	// the table to write to.
	enrolls  atomic.Bool
	closing  sync.WaitGroup
	encoders sync.Pool
}

// New does no I/O: a sidecar starts without a database.
func New(options Options) *Database {
	options = options.withDefaults()
	return &Database{
		sql:      loadStatements(),
		options:  options,
		pool:     newPool(options),
		reading:  make(chan struct{}, max(1, options.MaxConnections-1)),
		encoders: sync.Pool{New: func() any { return newEncoder() }},
	}
}

// SetOptions applies a changed configuration. What is under way goes on under
// the old one. A nil URI keeps the one there is.
func (d *Database) SetOptions(options Options) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.closed {
		return
	}
	if options.URI == nil {
		options.URI = d.options.URI
	}
	options = options.withDefaults()
	renew := d.options.needsNewPool(options)
	d.options = options
	if !renew {
		d.pool.setURI(options.URI)
		return
	}
	d.retire(d.pool)
	d.pool = newPool(options)
	d.reading = make(chan struct{}, max(1, options.MaxConnections-1))
}

// Reload drops the connections if the connection string has changed since they
// were made. Those in use are dropped when they come back.
func (d *Database) Reload() {
	d.mu.Lock()
	defer d.mu.Unlock()
	if !d.closed {
		d.pool.reload()
	}
}

// Close drops all connections. It waits for those in use to come back, but no
// longer than closePatience: a connection to a server that hangs takes some
// seconds more, in the background.
func (d *Database) Close() {
	d.mu.Lock()
	if !d.closed {
		d.closed = true
		d.retire(d.pool)
	}
	d.mu.Unlock()
	closed := make(chan struct{})
	go func() {
		defer close(closed)
		d.closing.Wait()
	}()
	patience := time.NewTimer(closePatience)
	defer patience.Stop()
	select {
	case <-closed:
	case <-patience.C:
	}
}

// retire closes a pool without waiting for what is under way on it.
func (d *Database) retire(p *connectionPool) {
	d.closing.Go(p.close)
}

// session is what one call works with, whatever SetOptions does meanwhile.
type session struct {
	options Options
	pool    *connectionPool
	reading chan struct{}
}

func (d *Database) session() session {
	d.mu.Lock()
	defer d.mu.Unlock()
	return session{options: d.options, pool: d.pool, reading: d.reading}
}

// withConnection runs f on a connection of s within the given time, which
// includes getting the connection. A connection that f left in doubt is closed.
func (d *Database) withConnection(ctx context.Context, s session, limit time.Duration, f func(context.Context, *pgxpool.Conn) error) error {
	ctx, cancel := context.WithTimeout(ctx, limit)
	defer cancel()
	conn, err := s.pool.acquire(ctx)
	for err != nil && d.replaced(&s) {
		conn, err = s.pool.acquire(ctx)
	}
	if err != nil {
		return err
	}
	defer conn.Release()
	if err := f(ctx, conn); err != nil {
		if leavesDoubt(err) {
			s.pool.drop(conn)
		}
		return err
	}
	return nil
}

// replaced reports whether SetOptions has retired the pool of s meanwhile, and
// puts the new one in its place.
func (d *Database) replaced(s *session) bool {
	now := d.session()
	old := s.pool
	s.pool = now.pool
	return now.pool != old
}

// writeLimit is how long a write may take as a whole: the statement, and
// before it a connection to be made.
func (s session) writeLimit() time.Duration {
	return s.options.StatementTimeout + defaultConnectTimeout
}

// Ping asks the database for an answer.
func (d *Database) Ping(ctx context.Context) error {
	s := d.session()
	err := d.withConnection(ctx, s, s.options.StatementTimeout, func(ctx context.Context, conn *pgxpool.Conn) error {
		return conn.Ping(ctx)
	})
	return named("asking the database for an answer", err)
}

// Connections is the number of open connections.
func (d *Database) Connections() int {
	return d.session().pool.open()
}
