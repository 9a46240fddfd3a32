package trouble

import "fmt"

// Expiry is how an LMS tells a page that its session has ended.
type Expiry string

// The ways that are met with.
const (
	// Unauthorized is 401.
	Unauthorized Expiry = "401"
	// Forbidden is 403, for want of the right CSRF token: reading goes on.
	Forbidden Expiry = "403"
	// Redirect leads to the login page.
	Redirect Expiry = "redirect"
	// Page is the login page itself, with 200.
	Page Expiry = "page"
)

// Switches is which troubles are on.
type Switches struct {
	// Outage is of the database, for everybody.
	Outage bool `json:"outage"`
	// Offline cuts off what goes to the sidecar.
	Offline bool `json:"offline"`
	// Slow lets what goes to the sidecar wait.
	Slow bool `json:"slow"`
	// Expired is empty while the session is good.
	Expired Expiry `json:"expired"`
}

// With is the switches after one was turned. The name is that of its JSON; the
// value is empty to turn it off. An error says what there is.
func (s Switches) With(name, value string) (Switches, error) {
	on := value != ""
	switch name {
	case "outage":
		s.Outage = on
	case "offline":
		s.Offline = on
	case "slow":
		s.Slow = on
	case "expired":
		switch s.Expired = Expiry(value); s.Expired {
		case "", Unauthorized, Forbidden, Redirect, Page:
		default:
			return s, fmt.Errorf("%q is no way to expire: one of 401, 403, redirect, page", value)
		}
	default:
		return s, fmt.Errorf("there is no switch %q: one of outage, offline, slow, expired", name)
	}
	return s, nil
}
