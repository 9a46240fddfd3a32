package pgtest

import "testing"

func TestALaggingReplicaIsPromotedWithoutWhatItLacks(t *testing.T) {
	for name, password := range map[string]string{"trusted": "", "with a password": "p w'd"} {
		t.Run(name, func(t *testing.T) {
			ctx := t.Context()
			primary := Private(t, Options{Password: password})
			if err := primary.Exec(ctx, Superuser, "CREATE TABLE seen AS SELECT 1 AS n"); err != nil {
				t.Fatal(err)
			}
			replica, err := primary.Replica(ctx)
			if err != nil {
				t.Fatal(err)
			}
			t.Cleanup(func() {
				if err := replica.Close(); err != nil {
					t.Error(err)
				}
			})
			write := func(n string) {
				t.Helper()
				if err := primary.Exec(ctx, Superuser, "INSERT INTO seen VALUES ("+n+")"); err != nil {
					t.Fatal(err)
				}
			}
			count := func(want string) {
				t.Helper()
				if got, err := query(ctx, replica.URI(Superuser, Superuser), "SELECT max(n)::text FROM seen"); err != nil || got != want {
					t.Fatalf("the replica has got as far as %q, %v, want %s", got, err, want)
				}
			}
			caughtUp := func() {
				t.Helper()
				if err := replica.CaughtUp(ctx); err != nil {
					t.Fatal(err)
				}
			}
			write("2")
			caughtUp()
			count("2")
			if err := replica.StopFollowing(ctx); err != nil {
				t.Fatal(err)
			}
			write("3")
			count("2")
			if err := replica.LetFollow(ctx); err != nil {
				t.Fatal(err)
			}
			caughtUp()
			count("3")
			if err := replica.StopFollowing(ctx); err != nil {
				t.Fatal(err)
			}
			write("4")
			if err := primary.Stop(Immediate); err != nil {
				t.Fatal(err)
			}
			if err := replica.Exec(ctx, Superuser, "INSERT INTO seen VALUES (9)"); err == nil {
				t.Fatal("a replica took a write")
			}
			if err := replica.Promote(ctx); err != nil {
				t.Fatal(err)
			}
			count("3")
			if err := replica.Exec(ctx, Superuser, "INSERT INTO seen VALUES (5)"); err != nil {
				t.Error(err)
			}
		})
	}
}
