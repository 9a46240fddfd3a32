package postgres

import (
	"bytes"
	"context"
	"fmt"
	"net/netip"
	"slices"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgtype"
	"github.com/jackc/pgx/v5/pgxpool"

	"github.com/progress-sync/progress-sync/sidecar/peers/members"
)

// Enroll says that a sidecar is there, and returns the others of its target that were
// seen within a minute, given those that it knows already. With tidy it also removes
// those that were not seen for a day. Of self all is needed.
//
// It is one statement in one round trip, once the table was seen to be there; whether
// that may be made is for Options.Migrations to say. What has changed since the last
// call is all that comes over, and if that does not add up, a second statement fetches
// everyone. An error says nothing of whether batches can be written. The commit does not
// wait for the disk: what a crash of the server takes back is said again at the next call.
func (d *Database) Enroll(ctx context.Context, self members.Member, known members.View, tidy bool) (members.View, error) {
	s := d.session()
	var view members.View
	err := d.withConnection(ctx, s, s.writeLimit(), func(ctx context.Context, conn *pgxpool.Conn) error {
		if !d.enrolls.Load() {
			if _, err := d.upgrade(ctx, s.options, conn, versionToEnroll, registryMissing); err != nil {
				return err
			}
			d.enrolls.Store(true)
		}
		next, digest, err := d.enroll(ctx, conn, s.options, self, known, tidy)
		if err == nil && next.Digest() != digest {
			next, _, err = d.enroll(ctx, conn, s.options, self, members.View{}, false)
		}
		view = next
		return err
	})
	if err != nil {
		d.forgetRegistry(err)
		return members.View{}, named("enrolling with the other sidecars", err)
	}
	return view, nil
}

// enroll returns what the known members become by the registry's answer, and the digest
// that they should have.
func (d *Database) enroll(ctx context.Context, conn *pgxpool.Conn, options Options, self members.Member, known members.View, tidy bool) (
	next members.View, want members.Digest, err error,
) {
	scan := func(rows pgx.Rows) (err error) {
		next, want, err = scanMembers(rows, self.Target, known)
		return err
	}
	digest := known.Digest()
	since := pgtype.Timestamptz{Time: known.AsOf, Valid: !known.AsOf.IsZero()}
	err = withSettings(ctx, conn, d.sql.asynchronous, options.StatementTimeout, d.sql.enroll, scan,
		self.Writer.String(), self.Owner.String(), self.Address.Addr().String(), int32(self.Address.Port()), wireKeys(self.Fingerprints),
		self.Target, self.Protocol, self.Leaving, digest.Count, digest.Sum, since, tidy)
	return next, want, err
}

// Leave says that a process is gone, so that the others don't wait to miss it. Where
// another process has its spool by now, that one stays.
func (d *Database) Leave(ctx context.Context, writer, owner uuid.UUID) error {
	s := d.session()
	err := d.withConnection(ctx, s, s.writeLimit(), func(ctx context.Context, conn *pgxpool.Conn) error {
		nothing := func(rows pgx.Rows) error {
			rows.Close()
			return rows.Err()
		}
		return withSettings(ctx, conn, d.sql.asynchronous, s.options.StatementTimeout, d.sql.leave, nothing, writer.String(), owner.String())
	})
	if err != nil {
		d.forgetRegistry(err)
	}
	return named("leaving the other sidecars", err)
}

// forgetRegistry makes the next Enroll look at the schema again if an error says that
// the table of sidecars is missing or of another kind.
func (d *Database) forgetRegistry(err error) {
	if class := Classify(err).Class; class == SchemaMissing || class == Unsupported {
		d.enrolls.Store(false)
	}
}

// scanMembers reads what enroll.sql returns of the members of a target.
func scanMembers(rows pgx.Rows, target string, known members.View) (members.View, members.Digest, error) {
	var asOf time.Time
	var digest members.Digest
	var changed []members.Entry
	var gone []uuid.UUID
	var writer, owner pgtype.UUID
	var address pgtype.Text
	var port, protocol pgtype.Int4
	var hash pgtype.Int8
	var here, leaving pgtype.Bool
	var keys [][]byte
	into := []any{&asOf, &digest.Count, &digest.Sum, &writer, &here, &hash, &owner, &address, &port, &keys, &protocol, &leaving}
	_, err := pgx.ForEachRow(rows, into, func() error {
		if !writer.Valid {
			return nil
		}
		if !here.Bool {
			gone = append(gone, writer.Bytes)
			return nil
		}
		ip, err := netip.ParseAddr(address.String)
		if err != nil {
			return fmt.Errorf("reading a sidecar's address: %w", err)
		}
		m := members.Member{
			Writer: writer.Bytes, Owner: owner.Bytes, Address: netip.AddrPortFrom(ip, uint16(port.Int32)),
			Fingerprints: readKeys(keys), Target: target, Protocol: protocol.Int32, Leaving: leaving.Bool,
		}
		changed = append(changed, members.Entry{Member: m, Hash: hash.Int64})
		return nil
	})
	if err != nil {
		return members.View{}, digest, err
	}
	return known.After(asOf, changed, gone), digest, nil
}

// wireKeys are fingerprints as the driver takes them, sorted: which of them is in use is
// no change that others have to be told of.
func wireKeys(all []members.Fingerprint) [][]byte {
	keys := make([][]byte, 0, len(all))
	for _, f := range all {
		keys = append(keys, f[:])
	}
	slices.SortFunc(keys, bytes.Compare)
	return keys
}

// readKeys leaves out what is no fingerprint: nobody can show a key for it.
func readKeys(keys [][]byte) []members.Fingerprint {
	all := make([]members.Fingerprint, 0, len(keys))
	for _, k := range keys {
		if len(k) == len(members.Fingerprint{}) {
			all = append(all, members.Fingerprint(k))
		}
	}
	return all
}
