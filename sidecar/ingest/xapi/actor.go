package xapi

import (
	"regexp"
	"strings"

	"github.com/progress-sync/progress-sync/sidecar/ingest/scan"
	"github.com/progress-sync/progress-sync/sidecar/ingest/standards"
)

// agent is who did something.
type agent struct {
	group bool
	by    string // the property that identifies them
	name  string // an account's name, a mail address, or what the property says
}

var (
	sha1Sum = regexp.MustCompile(`^[0-9a-fA-F]{40}$`)
	mailbox = regexp.MustCompile(`^mailto:[^\s@]+@[^\s@]+$`)
)

// readActor reads an agent or a group.
func readActor(o standards.Object, path string) (agent, *standards.Mistake) {
	f := fields{object: o, path: path}
	var a agent
	switch kind := f.text("objectType", nil); kind {
	case "Group":
		a.group = true
		f.only([]string{"objectType", "name", "member", "mbox", "mbox_sha1sum", "openid", "account"})
	case "", "Agent":
		f.only([]string{"objectType", "name", "mbox", "mbox_sha1sum", "openid", "account"})
		if _, is := o["objectType"]; is && kind == "" {
			f.fail("objectType", "must be Agent or Group")
		}
	default:
		f.fail("objectType", "must be Agent or Group")
	}
	f.text("name", nil)
	found := 0
	take := func(by, name string) {
		if _, is := o[by]; is {
			found++
			a.by, a.name = by, name
		}
	}
	take("mbox", strings.TrimPrefix(f.text("mbox", func(s string) string {
		if mailbox.MatchString(s) {
			return ""
		}
		return "must be a mail address as mailto:name@host"
	}), "mailto:"))
	take("mbox_sha1sum", f.text("mbox_sha1sum", func(s string) string {
		if sha1Sum.MatchString(s) {
			return ""
		}
		return "must be 40 hexadecimal digits"
	}))
	take("openid", f.text("openid", isIRI))
	if account, is := f.member("account"); is {
		g := fields{object: account, path: f.at("account")}
		g.only([]string{"homePage", "name"})
		g.require("homePage")
		g.require("name")
		g.text("homePage", isIRI)
		take("account", g.text("name", nil))
		f.note(g.mistake)
	}
	switch {
	case found > 1 || found == 0 && !a.group:
		f.note(standards.Wrong(path, "must have exactly one of mbox, mbox_sha1sum, openid and account"))
	case a.group:
		f.note(checkMembers(o, f.at("member"), found == 0))
	}
	return a, f.mistake
}

func checkMembers(o standards.Object, path string, required bool) *standards.Mistake {
	value, given := o["member"]
	if !given && !required {
		return nil
	}
	list, is := value.([]any)
	if !is {
		return standards.Wrong(path, "must be an array of agents")
	}
	for _, element := range list {
		member, is := element.(standards.Object)
		if !is || member["objectType"] == "Group" {
			return standards.Wrong(path, "must be an array of agents")
		}
		if _, mistake := readActor(member, path); mistake != nil {
			return mistake
		}
	}
	return nil
}

// learner is whose progress a statement tells.
func (a agent) learner(ask *standards.Ask) (string, *standards.Mistake) {
	field := "actor." + a.by
	switch {
	case a.group && ask.User != "":
		return "", standards.Foreign("actor")
	case a.group:
		return "", standards.Wrong("actor", "is a group, and progress is one learner's: send a statement for each")
	case a.by == "mbox_sha1sum" && ask.User != "":
		return "", standards.Foreign(field)
	case a.by == "mbox_sha1sum":
		return "", standards.Wrong(field, "does not say which learner it is: send account or mbox")
	case a.by == "account":
		field += ".name"
	case a.by == "openid":
		a.name = ask.Cut(a.name)
	}
	if wrong := scan.CheckText([]byte(a.name)); wrong != "" {
		return "", standards.Wrong(field, wrong)
	}
	return ask.Learner(a.name, field)
}
