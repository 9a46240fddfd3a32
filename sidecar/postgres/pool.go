package postgres

import (
	"context"
	"errors"
	"io/fs"
	"sync"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/pgxpool"

	"github.com/progress-sync/progress-sync/sidecar/postgres/connstring"
)

// connectionPool is a pgxpool whose connection string may change at any time.
type connectionPool struct {
	options Options
	pool    *pgxpool.Pool
	err     error // why there is no pool

	mu  sync.Mutex
	uri func() (string, error)
	// used is the connection string of the newest connection, settings the names
	// of what it passes on to the server.
	used     string
	settings []string
}

// nowhere makes a pool's configuration without the environment: where to connect
// is filled in for each connection, by configure.
const nowhere = "postgres://nobody@localhost/"

func newPool(options Options) *connectionPool {
	p := &connectionPool{options: options, uri: options.URI}
	target, err := connstring.Parse(nowhere)
	if err != nil {
		p.err = secretInvalid(err)
		return p
	}
	base, err := pgxpool.ParseConfig(target.Keywords())
	if err != nil {
		p.err = secretInvalid(err)
		return p
	}
	base.MaxConns = int32(options.MaxConnections)
	base.MinConns = 0
	base.MaxConnIdleTime = maxConnectionIdle
	base.MaxConnLifetime = maxConnectionLife
	base.MaxConnLifetimeJitter = maxConnectionLife / 10
	base.PingTimeout = pingTimeout
	base.BeforeConnect = p.configure
	p.pool, p.err = pgxpool.NewWithConfig(context.Background(), base)
	return p
}

func (p *connectionPool) setURI(uri func() (string, error)) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.uri = uri
}

// configure fills in where and how to connect, from the connection string as
// it is now.
func (p *connectionPool) configure(_ context.Context, target *pgx.ConnConfig) error {
	p.mu.Lock()
	defer p.mu.Unlock()
	text, err := readURI(p.uri)
	if err != nil {
		return err
	}
	parsed, err := connstring.Parse(text)
	if err != nil {
		return secretInvalid(err)
	}
	fresh, err := connection(parsed, p.options)
	if err != nil {
		return err
	}
	if p.used != "" && p.used != text {
		p.pool.Reset()
	}
	p.used, p.settings = text, parsed.Settings()
	*target = *fresh
	return nil
}

func (p *connectionPool) reload() {
	p.mu.Lock()
	defer p.mu.Unlock()
	text, err := readURI(p.uri)
	if err != nil || p.pool == nil || p.used == "" || text == p.used {
		return // what is wrong with it shows at the next connection
	}
	p.used = ""
	p.pool.Reset()
}

func (p *connectionPool) acquire(ctx context.Context) (*pgxpool.Conn, error) {
	if p.err != nil {
		return nil, p.err
	}
	conn, err := p.pool.Acquire(ctx)
	if err != nil {
		return nil, settingRefused(err, p.passedOn())
	}
	return conn, nil
}

func (p *connectionPool) passedOn() []string {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.settings
}

// drop closes a connection before it goes back to the pool, which then makes
// another one.
func (p *connectionPool) drop(conn *pgxpool.Conn) {
	ctx, cancel := context.WithTimeout(context.Background(), time.Second)
	defer cancel()
	// Whether the server hears of it makes no difference to us.
	_ = conn.Conn().Close(ctx)
}

func (p *connectionPool) open() int {
	if p.pool == nil {
		return 0
	}
	return int(p.pool.Stat().TotalConns())
}

func (p *connectionPool) close() {
	if p.pool != nil {
		p.pool.Close()
	}
}

func readURI(uri func() (string, error)) (string, error) {
	text, err := uri()
	if errors.Is(err, fs.ErrNotExist) {
		return "", secretMissing(err)
	}
	if err != nil {
		return "", secretInvalid(err)
	}
	return text, nil
}

// connection is what the text of the Secret says, with what is ours to choose.
func connection(target connstring.Target, options Options) (*pgx.ConnConfig, error) {
	c, err := target.Config()
	if err != nil {
		return nil, secretInvalid(err)
	}
	c.DefaultQueryExecMode = options.queryExecMode()
	if target.Unprepared() {
		c.DefaultQueryExecMode = pgx.QueryExecModeExec
		c.AfterConnect = func(_ context.Context, conn *pgconn.PgConn) error {
			conn.CustomData()[unprepared] = true
			return nil
		}
	}
	if c.RuntimeParams["application_name"] == "" {
		c.RuntimeParams["application_name"] = options.ApplicationName
	}
	return c, nil
}

// unprepared marks a connection whose URI asks for no prepared statements.
const unprepared = "progress-sync unprepared"

func isUnprepared(conn *pgx.Conn) bool {
	return conn.PgConn().CustomData()[unprepared] != nil
}
