package templates

import (
	"bytes"
	"cmp"
	"fmt"
	"maps"
	"strings"
)

// Mail is a rendered mail: its subject and its two parts.
type Mail struct {
	Subject string
	Text    string
	HTML    string
}

// mailKind says what surrounds the body of a mail.
type mailKind struct {
	when, device bool // notices say when, and one says where
	notMe        bool // carries the "this wasn't me" link
	notAsked     bool // says to do nothing if it was not asked for
	closing      bool // says when the account closes, if its member asked for that
	desk         bool // to somebody of the desk, whose mailbox is not their family's
}

// mailKinds are all mails; the texts of a kind are mail.<kind>.subject and mail.<kind>.body.
var mailKinds = map[string]mailKind{
	"verify":                    {notAsked: true},
	"welcome":                   {notMe: true},
	"already_member":            {when: true, closing: true},
	"locked":                    {when: true, notMe: true},
	"locked_waits":              {when: true, notMe: true},
	"factor_locked":             {when: true, notMe: true},
	"factor_used_up":            {when: true, notMe: true},
	"answers_used_up":           {when: true, notMe: true},
	"answers_closed":            {when: true, notMe: true},
	"new_device":                {when: true, device: true, notMe: true},
	"app_allowed":               {when: true, notMe: true},
	"app_allowed_no_end":        {when: true, notMe: true},
	"app_allowed_once":          {when: true, notMe: true},
	"app_stopped":               {when: true},
	"app_suspended":             {when: true},
	"apps_reminder":             {when: true},
	"device_allowed":            {when: true, notMe: true},
	"username":                  {when: true, closing: true},
	"reset":                     {notAsked: true},
	"reset_desk":                {notAsked: true}, // sent by the desk, for a recovery that may not be open yet
	"caller_code":               {notAsked: true},
	"email_code":                {notAsked: true},
	"settle":                    {notAsked: true},
	"moved":                     {},
	"password_changed":          {when: true, notMe: true, closing: true},
	"factor_added":              {when: true, notMe: true},
	"factor_added_waits":        {when: true, notMe: true},
	"factor_removed":            {when: true, notMe: true},
	"factor_removed_open":       {when: true, notMe: true},
	"factor_removed_desk":       {when: true, notMe: true},
	"question_changed":          {when: true, notMe: true},
	"language_changed":          {when: true, notMe: true},
	"question_removed":          {when: true, notMe: true},
	"question_restored":         {when: true},
	"question_closed":           {when: true},
	"member_changed":            {when: true, notMe: true},
	"email_requested":           {when: true},
	"email_changed":             {when: true},
	"email_requested_in_person": {when: true},
	"email_changed_in_person":   {when: true},
	"email_cancelled":           {when: true},
	"email_cancelled_link":      {when: true},
	"email_cancelled_password":  {when: true},
	"email_confirm":             {},
	"staff_acted":               {when: true, notMe: true},
	"staff_pending_in_person":   {when: true},
	"staff_pending":             {when: true},
	"staff_alert":               {when: true, desk: true},
	"staff_case":                {when: true, desk: true},
	"staff_added":               {when: true, desk: true},
	"staff_restarted":           {when: true, desk: true},
	"staff_roles":               {when: true, desk: true},
	"staff_waits":               {when: true, desk: true},
	"staff_approved":            {when: true, desk: true},
	"staff_refused":             {when: true, desk: true},
	"partner_join":              {desk: true},
	"partner_known":             {desk: true},
	"partner_invited":           {desk: true},
	"partner_approved":          {when: true, desk: true},
	"partner_refused":           {when: true, desk: true},
	"partner_suspended":         {when: true, desk: true},
	"partner_let_in":            {when: true, desk: true},
	"partner_resumed":           {when: true, desk: true},
	"disowned":                  {when: true},
	"disowned_waits":            {when: true},
	"disowned_desk":             {when: true},
	"data_taken":                {when: true, notMe: true},
	"close_requested":           {when: true},
	"close_stopped":             {when: true, notMe: true},
	"close_done":                {when: true},
}

// CanDisown reports whether a mail carries the "this wasn't me" link.
func CanDisown(kind string) bool { return mailKinds[kind].notMe }

// mailPart is a paragraph; Kind is "", "quiet", or what it consists of: a "code", a "link" (an address of ours), a "name".
type mailPart struct{ Kind, Text string }

type mailPage struct {
	Subject string
	Parts   []mailPart
}

// Mail renders a mail. All kinds take username; verify takes code; notices take at (time.Time), new_device also browser
// and system, "" if unknown; locked takes datetime (time.Time). Those
// about how to sign in take closes (time.Time) if the account is to be closed then. Those with a "this wasn't me" link take link and date
// (time.Time, its end); without a link the paragraph is left out. times (int) is given in the last mail of an hour about the same.
func (s *Set) Mail(lang, kind string, args Args) (Mail, error) {
	k, ok := mailKinds[kind]
	if !ok {
		return Mail{}, fmt.Errorf("templates: no mail %q", kind)
	}
	c := s.catalog(lang)
	w := mailWriter{catalog: c, args: args}
	w.add("", "mail.frame.hello")
	w.add("", "mail.frame.account")
	w.add("", "mail."+kind+".body")
	if closes, ok := args["closes"]; k.closing && ok {
		w.args = withArg(args, "datetime", closes)
		w.add("", "mail.frame.closes")
		w.args = args
	}
	if k.when {
		w.args = withArg(args, "datetime", args["at"])
		w.add("quiet", "mail.frame.when")
		w.args = args
	}
	if k.device {
		w.add("quiet", deviceKey(args))
	}
	if _, last := args["times"]; last {
		w.add("", "mail.frame.often")
	}
	if _, linked := args["link"]; k.notMe && linked {
		w.add("", "mail.frame.not_me")
		w.add("quiet", "mail.frame.not_me_until")
	}
	if k.notAsked {
		w.add("quiet", "mail.frame.not_asked")
	}
	if !k.desk {
		w.add("quiet", "mail.frame.shared")
	}
	w.add("quiet", "mail.frame.never")
	w.add("quiet", "mail.frame.sign")
	subject, err := c.text("mail."+kind+".subject", args)
	if w.err != nil || err != nil {
		return Mail{}, fmt.Errorf("templates: mail %s: %w", kind, cmp.Or(w.err, err))
	}
	var b bytes.Buffer
	if err := s.mails[c.lang].ExecuteTemplate(&b, "mail", mailPage{subject, w.parts}); err != nil {
		return Mail{}, fmt.Errorf("templates: mail %s: %w", kind, err)
	}
	texts := make([]string, len(w.parts))
	for i, part := range w.parts {
		texts[i] = part.Text
	}
	return Mail{Subject: subject, Text: strings.Join(texts, "\n\n") + "\n", HTML: b.String()}, nil
}

// deviceKey is the text that names as much of a device as is known.
func deviceKey(args Args) string {
	switch browser, system := args["browser"] != "", args["system"] != ""; {
	case browser && system:
		return "mail.frame.device_both"
	case browser:
		return "mail.frame.device_browser"
	case system:
		return "mail.frame.device"
	}
	return "mail.frame.device_unknown"
}

// mailWriter collects paragraphs until one fails.
type mailWriter struct {
	catalog *catalog
	args    Args
	parts   []mailPart
	err     error
}

// add appends the paragraphs of a text. A paragraph that consists of a code, link or username is marked as such.
func (w *mailWriter) add(kind, key string) {
	text, err := w.catalog.text(key, w.args)
	if w.err = cmp.Or(w.err, err); w.err != nil {
		return
	}
	for paragraph := range strings.SplitSeq(text, "\n\n") {
		part := mailPart{kind, paragraph}
		switch paragraph {
		case w.args["code"]:
			part.Kind = "code"
		case w.args["link"]:
			part.Kind = "link"
		case w.args["username"]:
			part.Kind = "name"
		}
		w.parts = append(w.parts, part)
	}
}

func withArg(args Args, name string, value any) Args {
	more := make(Args, len(args)+1)
	maps.Copy(more, args)
	more[name] = value
	return more
}
