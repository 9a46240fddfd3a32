package policy

import (
	"fmt"

	"github.com/progress-sync/progress-sync/api/v1alpha1"
)

// advice for a reason: what is wrong and what to do next. It is made from the
// policy alone; what a sidecar says in words is not repeated.
func advice(reason string, policy *v1alpha1.ProgressSyncPolicy) string {
	ref := policy.Spec.Database.SecretRef
	secret := fmt.Sprintf("Secret %s, key %s", ref.Name, ref.Key)
	const goesOn = "; updates are kept and written without a restart once it is right"
	switch reason {
	case v1alpha1.ReasonDatabaseUnreachable:
		return "Postgres does not answer; check that it runs, that the address in " + secret + " is right, and that no NetworkPolicy keeps the pods from it; updates are kept"
	case v1alpha1.ReasonCredentialsRefused:
		return "Postgres refuses the user or the password in " + secret + goesOn
	case v1alpha1.ReasonDatabaseMissing:
		return "the database named in " + secret + " does not exist; create it or correct the name" + goesOn
	case v1alpha1.ReasonSchemaMissing:
		if m := policy.Spec.Database.Mapping; m != nil {
			return fmt.Sprintf("the tables are missing or too old, or table %s.%s does not fit database.mapping; the sidecar's log names each mistake, "+
				"and `sidecar migrate --print` what is needed%s", m.Schema, m.Table, goesOn)
		}
		if policy.Spec.Database.Migrations == v1alpha1.MigrationsManual {
			return "the tables are missing or too old, and migrations is Manual; apply what `sidecar migrate --print` prints" + goesOn
		}
		return "the tables are missing or too old and could not be created; let the user in " + secret + " create them, or set migrations to Manual and apply what `sidecar migrate --print` prints" + goesOn
	case v1alpha1.ReasonSchemaTooNew:
		return "the tables are of a newer version than these sidecars; restart the pods with the newer sidecar" + goesOn
	case v1alpha1.ReasonNoPrivilege:
		tables := "the tables of schema progress_sync"
		if m := policy.Spec.Database.Mapping; m != nil {
			tables += fmt.Sprintf(" and on %s.%s", m.Schema, m.Table)
		}
		return "the user in " + secret + " may not do what is needed; grant it SELECT, INSERT, UPDATE and DELETE on " + tables + goesOn
	case v1alpha1.ReasonSecretMissing:
		return fmt.Sprintf("Secret %s or its key %s does not exist in namespace %s; create it with a connection URI%s", ref.Name, ref.Key, policy.Namespace, goesOn)
	case v1alpha1.ReasonSecretInvalid:
		return secret + " holds no usable connection URI (postgresql://user:password@host:5432/database); the sidecar's log says what is wrong with it" + goesOn
	case v1alpha1.ReasonDatabaseOverloaded:
		return "Postgres has no room: connections, memory or disk; fewer maxConnections or a pooler help against the first; updates are kept"
	case v1alpha1.ReasonDatabaseReadOnly:
		return "Postgres is read-only, as a standby is; name the primary in " + secret + ", or add target_session_attrs=read-write" + goesOn
	case v1alpha1.ReasonTableUnusable:
		return "Postgres takes no record, whatever is in it: a trigger, a rule or a policy of the table stands against it, or a sequence of it is used up; the sidecar's log says which, and `sidecar migrate --check` looks" + goesOn
	case v1alpha1.ReasonStaleSpool:
		return "the spool is an old copy: the database holds later batches of it; what it holds is not written; bring back the newest volume, or restart the pod with an empty one"
	case v1alpha1.ReasonRewoundIncomplete:
		return "the database fell back further than the spool reaches, and saved records are missing in it; restore it to a later point, or raise buffer.replayWindow for the next time"
	default:
		return "Postgres answers with an error; the sidecar's log says which; updates are kept"
	}
}
