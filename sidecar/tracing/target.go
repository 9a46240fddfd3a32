package tracing

import (
	"encoding/base64"
	"fmt"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"
)

// target is where spans go.
type target struct {
	url     string
	headers map[string]string // by canonical names
	timeout time.Duration
}

// targetOf reads the variables of OpenTelemetry's OTLP exporter, of which those
// with TRACES in their name win. It returns nil when there is no endpoint.
func targetOf(getenv func(string) string) (*target, error) {
	if strings.EqualFold(getenv("OTEL_SDK_DISABLED"), "true") || getenv("OTEL_TRACES_EXPORTER") == "none" {
		return nil, nil
	}
	name := "OTEL_EXPORTER_OTLP_TRACES_ENDPOINT"
	endpoint := getenv(name)
	if endpoint == "" {
		name = "OTEL_EXPORTER_OTLP_ENDPOINT"
		if endpoint = getenv(name); endpoint == "" {
			return nil, nil
		}
		endpoint = strings.TrimSuffix(endpoint, "/") + "/v1/traces"
	}
	u, err := url.Parse(endpoint)
	if err != nil || u.Host == "" || u.RawQuery != "" || u.Scheme != "http" && u.Scheme != "https" {
		return nil, fmt.Errorf("%s must be a URL such as http://collector:4318, the collector's port for OTLP over HTTP, "+
			"without a query; what else the collector asks for goes into OTEL_EXPORTER_OTLP_HEADERS", name)
	}
	t := &target{url: u.String(), headers: map[string]string{}, timeout: 10 * time.Second}
	if u.User != nil {
		// The exporter takes no credentials from a URL.
		password, _ := u.User.Password()
		t.headers["Authorization"] = "Basic " + base64.StdEncoding.EncodeToString([]byte(u.User.Username()+":"+password))
	}
	for _, name := range []string{"OTEL_EXPORTER_OTLP_HEADERS", "OTEL_EXPORTER_OTLP_TRACES_HEADERS"} {
		if err := readHeaders(t.headers, getenv(name)); err != nil {
			return nil, fmt.Errorf("%s: %w", name, err)
		}
	}
	for _, name := range []string{"OTEL_EXPORTER_OTLP_TIMEOUT", "OTEL_EXPORTER_OTLP_TRACES_TIMEOUT"} {
		text := getenv(name)
		if text == "" {
			continue
		}
		ms, err := strconv.Atoi(text)
		if err != nil || ms <= 0 {
			return nil, fmt.Errorf("%s must be a number of milliseconds above 0", name)
		}
		t.timeout = time.Duration(ms) * time.Millisecond
	}
	return t, nil
}

// readHeaders reads name=value,name=value with percent-encoded values. An error
// does not repeat a value, which may be a credential.
func readHeaders(headers map[string]string, list string) error {
	for pair := range strings.SplitSeq(list, ",") {
		if strings.TrimSpace(pair) == "" {
			continue
		}
		name, value, ok := strings.Cut(pair, "=")
		value, err := url.PathUnescape(strings.TrimSpace(value))
		if name = strings.TrimSpace(name); !ok || err != nil || name == "" {
			return fmt.Errorf("it must be a list of name=value, with commas between and percent-encoded values")
		}
		headers[http.CanonicalHeaderKey(name)] = value
	}
	return nil
}
