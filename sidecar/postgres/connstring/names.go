package connstring

import (
	_ "embed"
	"strings"
)

// reader is whose the parameters are.
type reader struct {
	name       string
	parameters string
}

// ignored are the parameters that tell another driver, pool or framework how to
// work. They mean nothing to a server, and leaving them out weakens nothing.
// Names are in lower case.
func ignored() []reader {
	return []reader{
		{"Prisma", `schema connection_limit pool_timeout socket_timeout max_connection_lifetime
			max_idle_connection_lifetime single_use_connections`},
		{"Supabase, Vercel", "supa workaround"},
		{"Rails", `pool checkout_timeout reaping_frequency idle_timeout encoding statement_limit advisory_locks adapter
			schema_search_path min_messages insert_returning keepalive max_age max_connections min_connections max_threads
			min_threads pool_jitter migrations_paths schema_dump database_tasks replica query_cache timeout reconnect`},
		{"JDBC", `currentschema sslfactory sslfactoryarg sslhostnameverifier sslpasswordcallback sslresponsetimeout
			preparedstatementcachequeries preparedstatementcachesizemib databasemetadatacachefields
			databasemetadatacachefieldsmib defaultrowfetchsize adaptivefetch adaptivefetchminimum adaptivefetchmaximum
			binarytransfer binarytransferenable binarytransferdisable logintimeout connecttimeout sockettimeout
			cancelsignaltimeout querytimeout tcpkeepalive tcpnodelay unknownlength stringtype rewritebatchedinserts
			kerberosservername jaaslogin jaasapplicationname gssresponsetimeout gssusedefaultcreds usespnego
			sspiserviceclass sendbuffersize receivebuffersize maxsendbuffersize readonly readonlymode
			disablecolumnsanitiser assumeminserverversion logunclosedconnections loggerlevel loggerfile
			logservererrordetail allowencodingchanges hostrecheckseconds loadbalancehosts socketfactory socketfactoryarg
			escapesyntaxcallmode maxresultbuffer autosave cleanupsavepoints preferquerymode hideunprivilegedobjects
			quotereturningidentifiers xmlfactoryfactory localsocketaddress groupstartupparameters compatible
			protocolversion`},
		{"libpq", `client_encoding fallback_application_name gsslib gssdelegation keepalives keepalives_idle
			keepalives_interval keepalives_count tcp_user_timeout sslcompression load_balance_hosts`},
		{"node-postgres, postgres.js, Sequelize, TypeORM", `max min max_lifetime idletimeoutmillis connectiontimeoutmillis
			query_timeout keepalivedelay keepaliveinitialdelaymillis uselibpqcompat binary fetch_types debug dialect logging
			synchronize native parseinputdatesasutc`},
		{"SQLAlchemy, psycopg, asyncpg", `command_timeout prepared_statement_name_func max_cached_statement_lifetime
			max_cacheable_statement_size async_fallback use_native_hstore executemany_mode pool_size max_overflow
			pool_recycle pool_pre_ping min_size max_size cursor_factory`},
		{"Django", `conn_max_age conn_health_checks disable_server_side_cursors atomic_requests autocommit engine
			server_side_binding isolation_level`},
		{"Doctrine, Laravel", "serverversion server_version charset driver default_dbname default_table_options prefix prefix_indexes"},
		{"Go", `pool_max_conns pool_min_conns pool_min_idle_conns pool_max_conn_lifetime pool_max_conn_lifetime_jitter
			pool_max_conn_idle_time pool_health_check_period pool_ping_timeout statement_cache_mode
			description_cache_capacity disable_prepared_binary_result`},
		{"Ecto, sqlx", "queue_target queue_interval ownership_timeout acquire_timeout"},
	}
}

// refused are parameters that mean something, which can't be done here, with
// what to do instead.
func refused() map[string]string {
	return map[string]string{
		"hostaddr":    "Put the address, or the name that it has, in the place of the host.",
		"service":     "Write host, role, password and database into the URI; there is no service file in the sidecar.",
		"servicefile": "Write host, role, password and database into the URI; there is no service file in the sidecar.",
		"passfile":    "Write the password into the URI; there is no password file in the sidecar.",
		"sslidentity": "A certificate of the client has to be in PEM, as sslcert and sslkey: put it into the Secret as tls.crt and " +
			"tls.key and write sslcert=/etc/progress-sync/database/tls.crt and sslkey=/etc/progress-sync/database/tls.key.",
		"sslcrl":      "Lists of revoked certificates are not checked. Remove it if you can do without.",
		"sslcrldir":   "Lists of revoked certificates are not checked. Remove it if you can do without.",
		"requirepeer": "The owner of a socket is not checked. Remove it if you can do without.",
		"replication": "Remove it: the sidecar writes rows.",
	}
}

//go:embed settings.txt
var settingsFile string

// isSetting reports whether a name is one of a server's settings that a session
// may have: in the list, or an extension's, which has a dot.
func isSetting(name string) bool {
	if strings.Contains(name, ".") {
		return true
	}
	for setting := range strings.FieldsSeq(settingsFile) {
		if setting == name {
			return true
		}
	}
	return false
}

func isIgnored(name string) bool {
	if strings.HasPrefix(name, "x-") { // of migration tools
		return true
	}
	for _, r := range ignored() {
		for known := range strings.FieldsSeq(r.parameters) {
			if known == name {
				return true
			}
		}
	}
	return false
}

// canonical is libpq's name of what has others.
func canonical(name string) string {
	name = strings.ToLower(name)
	switch name {
	case "dbname":
		return "database"
	case "applicationname":
		return "application_name"
	case "channelbinding":
		return "channel_binding"
	case "requireauth":
		return "require_auth"
	case "ssl-mode":
		return "sslmode"
	case "ssl-root-cert", "ssl-ca":
		return "sslrootcert"
	case "ssl-cert":
		return "sslcert"
	case "ssl-key":
		return "sslkey"
	case "statement-cache-capacity", "statement_cache_capacity", "prepared_statement_cache_size":
		return "statement_cache_size"
	default:
		return name
	}
}
