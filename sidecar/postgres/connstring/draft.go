package connstring

import (
	"crypto/tls"
	"regexp"
	"slices"
	"strconv"
	"strings"
)

// draft gathers what the parameters say, in the order of the text; of two with
// one name the last counts, as for libpq.
type draft struct {
	// settings are libpq's, session those that go on to the server.
	settings, session map[string]string
	// sslFloor is the weakest sslmode that other parameters allow, empty for any.
	sslFloor         string
	minTLS, maxTLS   uint16
	withoutStatement bool
}

func newDraft() *draft {
	return &draft{settings: map[string]string{}, session: map[string]string{}}
}

// addAll takes parameters in. The name of one that is unknown is repeated only
// where the text is a connection string as far as that: there, and after a
// password, what looks like a name may be a part of a password.
func (d *draft) addAll(parameters []parameter) error {
	afterPassword := false
	for _, p := range parameters {
		name := canonical(p.name)
		if name == "password" || name == "sslpassword" {
			afterPassword = true
		}
		if strings.ContainsRune(p.value, 0) {
			return notEncoded("the value of a parameter")
		}
		known, err := d.add(name, p.value)
		if err != nil {
			return err
		}
		if !known && d.settings["host"] == "" {
			return notAURI()
		}
		if !known {
			return unknown(p.name, afterPassword)
		}
	}
	return nil
}

var plainName = regexp.MustCompile(`^[A-Za-z][A-Za-z0-9_-]{0,62}$`)

func unknown(name string, afterPassword bool) error {
	what := "it has a parameter " + name + " that"
	if afterPassword || !plainName.MatchString(name) {
		what = "it has a parameter, after its password or with an unusual name, that"
	}
	return wrong(what+" neither PostgreSQL nor a driver in the list knows",
		"Remove it, or, if it is a setting of the server, write it as options=-c%20name%3Dvalue. "+adviceCode)
}

// add reports whether the name is known.
func (d *draft) add(name, value string) (known bool, err error) {
	switch name {
	case "host", "port", "database", "user", "password", "sslkey", "sslcert", "sslrootcert", "sslpassword", "krbsrvname", "krbspn",
		"require_auth":
		d.settings[name] = value
		return true, nil
	case "ssl", "sslmode", "requiressl", "sslaccept":
		return true, d.addTLS(name, value)
	case "ssl_min_protocol_version", "ssl_max_protocol_version":
		return true, d.addTLSVersion(name, value)
	case "gssencmode":
		if strings.EqualFold(value, "require") {
			return true, wrong("gssencmode=require can't be done", "Remove it, and use sslmode=verify-full.")
		}
		return true, nil
	case "connect_timeout":
		if n, err := strconv.ParseInt(value, 10, 32); err != nil || n < 0 {
			return true, wrong("parameter connect_timeout is no number of seconds", "Write a whole number, or remove it.")
		}
		d.settings[name] = value
		return true, nil
	case "targetservertype":
		return true, d.addServerType(value)
	}
	if allowed := values(name); allowed != nil {
		d.settings[name] = value
		return true, oneOf(name, value, allowed...)
	}
	if saysUnprepared, known := preparing(name, value); known {
		d.withoutStatement = d.withoutStatement || saysUnprepared
		return true, nil
	}
	if advice, found := refused()[name]; found {
		return true, wrong("parameter "+name+" can't be followed", advice)
	}
	if isIgnored(name) {
		return true, nil
	}
	if isSetting(name) {
		d.session[name] = value
		return true, nil
	}
	return false, nil
}

// values of a parameter that pgx follows, nil for other parameters.
func values(name string) []string {
	switch name {
	case "target_session_attrs":
		return []string{"any", "read-write", "read-only", "primary", "standby", "prefer-standby"}
	case "channel_binding":
		return []string{"disable", "prefer", "require"}
	case "sslcertmode":
		return []string{"disable", "allow", "require"}
	case "sslsni":
		return []string{"0", "1"}
	case "sslnegotiation":
		return []string{"postgres", "direct"}
	case "min_protocol_version", "max_protocol_version":
		return []string{"3.0", "3.2", "latest"}
	default:
		return nil
	}
}

// preparing reports whether a parameter asks for no prepared statements, as
// drivers are told where a pooler loses them.
func preparing(name, value string) (unprepared, known bool) {
	value = strings.ToLower(value)
	switch name {
	case "pgbouncer", "prefer_simple_protocol", "binary_parameters":
		return truth(value) == yes, true
	case "prepared_statements", "prepare":
		return truth(value) == no, true
	case "preparethreshold", "statement_cache_size":
		return value == "0", true
	case "default_query_exec_mode":
		return value == "exec" || value == "simple_protocol", true
	default:
		return false, false
	}
}

// addServerType translates JDBC's targetServerType.
func (d *draft) addServerType(value string) error {
	translated, found := map[string]string{
		"any": "any", "primary": "primary", "master": "primary", "secondary": "standby", "slave": "standby",
		"preferprimary": "any", "prefersecondary": "prefer-standby", "preferslave": "prefer-standby",
	}[strings.ToLower(value)]
	if !found {
		return wrong("parameter targetServerType has a value that is not known", "Write target_session_attrs=primary for it.")
	}
	d.settings["target_session_attrs"] = translated
	return nil
}

// addTLSVersion follows libpq's bounds; Go's own lower bound is TLS 1.2.
func (d *draft) addTLSVersion(name, value string) error {
	bound := &d.minTLS
	if name == "ssl_max_protocol_version" {
		bound = &d.maxTLS
	}
	switch strings.ToLower(value) {
	case "tlsv1.3":
		*bound = tls.VersionTLS13
		return nil
	case "tlsv1.2":
		*bound = tls.VersionTLS12
		return nil
	case "tlsv1", "tlsv1.1":
		if name == "ssl_min_protocol_version" {
			return nil
		}
	}
	return wrong("parameter "+name+" has a value that is not known", "Use TLSv1.2 or TLSv1.3.")
}

type answer int

const (
	unclear answer = iota
	yes
	no
)

// truth reads what drivers take for a yes or a no.
func truth(value string) answer {
	switch strings.ToLower(value) {
	case "true", "1", "on", "yes", "t", "y", "":
		return yes
	case "false", "0", "off", "no", "f", "n":
		return no
	default:
		return unclear
	}
}

// sslModes from the weakest to the strongest.
func sslModes() []string {
	return []string{"disable", "allow", "prefer", "require", "verify-ca", "verify-full"}
}

func (d *draft) addTLS(name, value string) error {
	switch name {
	case "sslmode":
		if value == "no-verify" { // node-postgres
			value = "require"
		}
		d.settings[name] = value
		return oneOf(name, value, sslModes()...)
	case "sslaccept": // Prisma
		if value == "strict" {
			d.raise("verify-full")
		}
		return oneOf(name, value, "strict", "accept_invalid_certs")
	}
	switch truth(value) {
	case yes:
		d.raise("require")
	case no: // as without it: TLS where the server offers it
	default: // asyncpg and postgres.js take a mode here
		if value == "no-verify" {
			value = "require"
		}
		if err := oneOf(name, value, append(sslModes(), "true", "false")...); err != nil {
			return err
		}
		if value == "disable" && d.settings["sslmode"] == "" {
			d.settings["sslmode"] = "disable"
		}
		d.raise(value)
	}
	return nil
}

func (d *draft) raise(mode string) {
	if slices.Index(sslModes(), mode) > slices.Index(sslModes(), d.sslFloor) {
		d.sslFloor = mode
	}
}

// sslMode is the stronger of sslmode and what the others ask for.
func (d *draft) sslMode() (string, error) {
	mode := d.settings["sslmode"]
	strict := slices.Index(sslModes(), d.sslFloor) > slices.Index(sslModes(), "prefer")
	switch {
	case mode == "disable" && strict:
		return "", wrong("one parameter forbids TLS and another asks for it", "Leave one of them, sslmode=verify-full if the server has a certificate.")
	case mode == "":
		mode = "prefer"
		if d.sslFloor != "" {
			mode = d.sslFloor
		}
	case strict && slices.Index(sslModes(), d.sslFloor) > slices.Index(sslModes(), mode):
		mode = d.sslFloor
	}
	return mode, nil
}
