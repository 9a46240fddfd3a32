package postgres

import (
	"context"
	"errors"
	"io/fs"
	"strings"
	"sync"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"
)

// connectionPool is a pgxpool whose connection string may change at any time.
type connectionPool struct {
	options Options
	pool    *pgxpool.Pool
	err     error // why there is no pool

	mu  sync.Mutex
	uri func() (string, error)
	// used is the connection string of the newest connection.
	used string
}

func newPool(options Options) *connectionPool {
	p := &connectionPool{options: options, uri: options.URI}
	// Where to connect is filled in for each connection, by configure.
	base, err := pgxpool.ParseConfig("postgres://localhost/")
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
	fresh, err := parse(text, p.options)
	if err != nil {
		return err
	}
	if p.used != "" && p.used != text {
		p.pool.Reset()
	}
	p.used = text
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
	return p.pool.Acquire(ctx)
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
	text = strings.TrimSpace(text)
	if text == "" {
		return "", secretInvalid(errors.New("it is empty"))
	}
	return text, nil
}

// parse reads the connection string, which may carry pgxpool's settings: they
// are ours to choose and would be unknown to the server.
func parse(text string, options Options) (*pgx.ConnConfig, error) {
	pooled, err := pgxpool.ParseConfig(text)
	if err != nil {
		return nil, secretInvalid(err)
	}
	c := pooled.ConnConfig
	if c.ConnectTimeout <= 0 {
		c.ConnectTimeout = defaultConnectTimeout
	}
	c.DefaultQueryExecMode = options.queryExecMode()
	if c.RuntimeParams["application_name"] == "" {
		c.RuntimeParams["application_name"] = options.ApplicationName
	}
	return c, nil
}
