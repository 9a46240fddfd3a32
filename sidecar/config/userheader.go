package config

import "regexp"

// isUserHeader reports whether a proxy may put the learner into the header of
// that name. Not into one that means something else to HTTP or to this API, or
// that a browser sends by itself or lets any page send: a learner could choose
// it, or it would never say who they are.
func isUserHeader(name string) bool {
	const (
		allowed = "^[-!#$%&'*+.^_`|~0-9A-Za-z]{1,64}$"
		taken   = "(?i)^(" +
			"(accept|access-control|content|if|proxy|sec|upgrade)(-.*)?|" +
			"authorization|cache-control|connection|cookie2?|date|dnt|downlink|dpr|expect|" +
			"forwarded|from|host|http2-settings|keep-alive|last-event-id|max-forwards|origin|pragma|prefer|" +
			"priority|range|referer|rtt|save-data|set-cookie2?|te|trailer|transfer-encoding|" +
			"user-agent|via|viewport-width|width|x-csrf-token|x-forwarded-(for|host|port|proto)|x-requested-with)$"
	)
	return regexp.MustCompile(allowed).MatchString(name) && !regexp.MustCompile(taken).MatchString(name)
}
