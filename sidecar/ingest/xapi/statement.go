package xapi

import (
	"strings"
	"time"

	"github.com/progress-sync/progress-sync/sidecar/ingest/iso8601"
	"github.com/progress-sync/progress-sync/sidecar/ingest/standards"
)

// statement is what is read of one.
type statement struct {
	id     string
	actor  agent
	verb   string
	target target
	result result
	during context
	time   time.Time
	timed  bool // time is given
	ranges standards.Ranges
}

// read checks a statement's form.
func read(o standards.Object) (statement, *standards.Mistake) {
	if mistake := noNulls(o, ""); mistake != nil {
		return statement{}, mistake
	}
	s, mistake := readAny(o, "", statementKeys())
	if mistake != nil {
		return s, mistake
	}
	f := fields{object: o}
	s.id = f.text("id", isUUID)
	f.text("version", isVersion)
	f.text("stored", isTime)
	if authority, is := f.member("authority"); is {
		_, mistake := readActor(authority, "authority")
		f.note(mistake)
	}
	f.note(checkAttachments(o["attachments"]))
	return s, f.mistake
}

// readAny reads what statements and the statements in them have.
func readAny(o standards.Object, path string, keys []string) (s statement, mistake *standards.Mistake) {
	f := fields{object: o, path: path}
	f.only(keys)
	for _, name := range []string{"actor", "verb", "object"} {
		f.require(name)
	}
	if actor, is := f.member("actor"); is {
		s.actor, mistake = readActor(actor, f.at("actor"))
		f.note(mistake)
	}
	if verb, is := f.member("verb"); is {
		s.verb, mistake = readVerb(verb, f.at("verb"))
		f.note(mistake)
	}
	if object, is := f.member("object"); is {
		s.target, mistake = readTarget(object, f.at("object"), path != "")
		f.note(mistake)
	}
	if r, is := f.member("result"); is {
		s.result, mistake = readResult(r, f.at("result"))
		f.note(mistake)
	}
	if c, is := f.member("context"); is {
		s.during, mistake = readContext(c, f.at("context"), s.target.kind == kindActivity)
		f.note(mistake)
	}
	if text := f.text("timestamp", isTime); text != "" {
		s.time, _ = iso8601.Time(text)
		s.timed = true
	}
	if s.verb == verbVoided && s.target.kind != kindStatement {
		f.note(standards.Wrong(f.at("object"), "of a voiding statement must be a StatementRef"))
	}
	return s, f.mistake
}

func statementKeys() []string {
	return append(subStatementKeys(), "id", "stored", "authority", "version")
}

func subStatementKeys() []string {
	return []string{"actor", "verb", "object", "result", "context", "timestamp", "attachments"}
}

func readVerb(o standards.Object, path string) (string, *standards.Mistake) {
	f := fields{object: o, path: path}
	f.only([]string{"id", "display"})
	f.require("id")
	id := f.text("id", isIRI)
	f.languages("display")
	return id, f.mistake
}

// checkAttachments refuses those whose content is not elsewhere: it would have to be in
// the request, as a part of its own.
func checkAttachments(value any) *standards.Mistake {
	if value == nil {
		return nil
	}
	list, is := value.([]any)
	if !is {
		return standards.Wrong("attachments", "must be an array")
	}
	for _, element := range list {
		o, is := element.(standards.Object)
		if !is {
			return standards.Wrong("attachments", "must have objects only")
		}
		f := fields{object: o, path: "attachments"}
		for _, name := range []string{"usageType", "display", "contentType", "length", "sha2"} {
			f.require(name)
		}
		f.text("usageType", isIRI)
		f.text("fileUrl", isIRI)
		if o["fileUrl"] == nil {
			f.note(standards.Wrong("attachments.fileUrl", "is missing: the content of attachments is not taken here"))
		}
		if f.mistake != nil {
			return f.mistake
		}
	}
	return nil
}

// isVersion allows those of 1.0 and of 2.0.
func isVersion(text string) string {
	if text == "1.0" || text == "2.0" || strings.HasPrefix(text, "1.0.") || strings.HasPrefix(text, "2.0.") {
		return ""
	}
	return "must be 1.0.x or 2.0.x"
}
