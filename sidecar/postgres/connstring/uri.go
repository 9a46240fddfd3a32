package connstring

import "strings"

// parseURI follows conninfo_uri_parse_options of libpq, and refuses what libpq
// reads in a meaning that its writer can't have had.
func parseURI(text string) (Target, error) {
	if hasSpace(text) {
		return Target{}, wrong("there is white space or a second line in the URI", adviceBare+" "+adviceCode)
	}
	if last := text[len(text)-1]; last == '"' || last == '\'' || last == '`' {
		return Target{}, wrong("it ends with a quotation mark", adviceBare)
	}
	_, rest, _ := strings.Cut(text, "://")
	var parameters []parameter
	if i := strings.IndexAny(rest, "@/"); i >= 0 && rest[i] == '@' {
		if looksLikeQuery(rest[:i]) {
			return Target{}, notEncoded("the role, the password or a parameter")
		}
		role, password, _ := strings.Cut(rest[:i], ":")
		rest = rest[i+1:]
		parameters = append(parameters, parameter{"user", role}, parameter{"password", password})
	}
	// A second @ is one of the password or of the role, and what was taken for
	// the host so far is a part of the password.
	if strings.Contains(rest, "@") {
		return Target{}, notEncoded("the role, the password or a parameter")
	}
	rest, query, _ := strings.Cut(rest, "?")
	authority, database, _ := strings.Cut(rest, "/")
	if strings.Contains(database, "/") {
		return Target{}, notEncoded("the name of the database")
	}
	hosts, ports, err := splitHosts(authority)
	if err != nil {
		return Target{}, err
	}
	parameters = append(parameters, parameter{"host", hosts}, parameter{"port", ports}, parameter{"database", database})
	d := newDraft()
	for _, p := range parameters {
		if p.value == "" {
			continue
		}
		value, err := decode(p.value)
		if err != nil {
			return Target{}, notEncoded("the role, the password, the host or the database")
		}
		d.settings[p.name] = value
	}
	named, err := splitQuery(query)
	if err != nil {
		return Target{}, err
	}
	if err := d.addAll(named); err != nil {
		return Target{}, err
	}
	return d.target()
}

// looksLikeQuery reports a ?name= before the @. For libpq all of it is role and
// password, but its writer may have meant the @ in a parameter, and what follows
// it would be taken for a host.
func looksLikeQuery(credentials string) bool {
	_, after, found := strings.Cut(credentials, "?")
	return found && strings.Contains(after, "=")
}

// splitHosts splits host:port,host:port into two lists of the same length.
func splitHosts(authority string) (hosts, ports string, err error) {
	var h, p []string
	for one := range strings.SplitSeq(authority, ",") {
		host, port, _ := strings.Cut(one, ":")
		if strings.HasPrefix(one, "[") {
			address, after, closed := strings.Cut(one[1:], "]")
			if !closed || after != "" && after[0] != ':' {
				return "", "", wrong("an IPv6 address is not between [ and ]", adviceForm)
			}
			host, port = address, strings.TrimPrefix(after, ":")
		}
		h, p = append(h, host), append(p, port)
	}
	if ports = strings.Join(p, ","); strings.Trim(ports, ",") == "" {
		ports = ""
	}
	return strings.Join(h, ","), ports, nil
}

func splitQuery(query string) ([]parameter, error) {
	var parameters []parameter
	for pair := range strings.SplitSeq(query, "&") {
		if pair == "" {
			continue
		}
		rawName, rawValue, found := strings.Cut(pair, "=")
		if !found || rawName == "" {
			return nil, wrong("a parameter after the ? has no name or no value", "Write each as name=value, with & between them. "+adviceCode)
		}
		if strings.Contains(rawValue, "=") {
			return nil, wrong("the value of a parameter after the ? holds a =", "Write %3D for it.")
		}
		name, err := decode(rawName)
		if err != nil {
			return nil, notEncoded("the name of a parameter")
		}
		value, err := decode(rawValue)
		if err != nil {
			return nil, notEncoded("the value of a parameter")
		}
		parameters = append(parameters, parameter{name, value})
	}
	return parameters, nil
}

// decode replaces %XX by the byte that it stands for. Unlike in a form of HTML,
// + is a plus.
func decode(raw string) (string, error) {
	var b strings.Builder
	for i := 0; i < len(raw); i++ {
		if raw[i] != '%' {
			b.WriteByte(raw[i])
			continue
		}
		if i+2 >= len(raw) {
			return "", notEncoded("it")
		}
		high, low := hexDigit(raw[i+1]), hexDigit(raw[i+2])
		if high < 0 || low < 0 || high+low == 0 {
			return "", notEncoded("it")
		}
		b.WriteByte(byte(high<<4 | low))
		i += 2
	}
	return b.String(), nil
}

// hexDigit is the value of a hexadecimal digit, -1 for anything else.
func hexDigit(c byte) int {
	switch {
	case '0' <= c && c <= '9':
		return int(c - '0')
	case 'a' <= c && c <= 'f':
		return int(c-'a') + 10
	case 'A' <= c && c <= 'F':
		return int(c-'A') + 10
	default:
		return -1
	}
}
