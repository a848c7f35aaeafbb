package templates

import (
	"slices"
	"strings"
	"testing"
	"time"
)

func mailArgs() Args {
	return Args{"username": "maria.lopez", "code": "123456", "at": noon, "datetime": noon.Add(time.Hour), "browser": "Firefox", "system": "Windows", "link": "https://id.example/not-me?t=x", "date": noon.AddDate(0, 0, 10), "until": noon.AddDate(1, 0, 0),
		"factor": Key("web.button.finish"), "act": Key("web.button.next"), "ticket": "A-1", "app": "Mi Diario", "n": 2, "address": "n•••@example.org", "closes": noon.AddDate(0, 0, 7)}
}

func TestMails(t *testing.T) {
	s := loadAll(t)
	for kind := range mailKinds {
		for _, lang := range s.Languages() {
			m, err := s.Mail(lang, kind, mailArgs())
			if err != nil {
				t.Errorf("Mail(%s, %s) = %v", lang, kind, err)
				continue
			}
			if m.Subject == "" || strings.Contains(m.Subject, "123456") || strings.ContainsAny(m.Subject, "\r\n") {
				t.Errorf("Mail(%s, %s) has the subject %q", lang, kind, m.Subject)
			}
			for part, text := range map[string]string{"text": m.Text, "html": m.HTML} {
				for _, want := range []string{"maria.lopez", "WebSupport@CHNCT.org"} {
					if !strings.Contains(text, want) {
						t.Errorf("Mail(%s, %s): the %s part lacks %q:\n%s", lang, kind, part, want, text)
					}
				}
				if ofDesk := strings.HasPrefix(kind, "partner_") || slices.Contains([]string{"staff_added", "staff_alert", "staff_case", "staff_restarted", "staff_roles", "staff_waits", "staff_approved", "staff_refused"}, kind); strings.Contains(text, s.Text(lang, "mail.frame.shared", nil)) == ofDesk {
					t.Errorf("Mail(%s, %s): the %s part speaks of a family: %t", lang, kind, part, !ofDesk)
				}
				if strings.Contains(text, "ZgotmplZ") || strings.Contains(text, "⏎") {
					t.Errorf("Mail(%s, %s): the %s part is broken:\n%s", lang, kind, part, text)
				}
			}
		}
	}
}

func TestVerifyMailHasTheCodeOnALineOfItsOwn(t *testing.T) {
	m, err := load(t).Mail("es", "verify", mailArgs())
	if err != nil {
		t.Fatal(err)
	}
	if !strings.Contains(m.Text, "\n\n123456\n\n") {
		t.Errorf("the code is not on a line of its own in\n%s", m.Text)
	}
	if !strings.Contains(m.HTML, `<p class="code">123456</p>`) {
		t.Errorf("the code is not set as a code in\n%s", m.HTML)
	}
}

// The number to call is one link, which no line breaks, and so is the address to write to.
func TestMailContactsAreLinks(t *testing.T) {
	m, err := load(t).Mail("en", "question_closed", mailArgs())
	if err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{`<a href="tel:+18008599889">1-800-859-9889</a>, <a href="tel:711">TTY 711</a>`, `<a href="mailto:WebSupport@CHNCT.org">WebSupport@CHNCT.org</a>`, "[href^=tel]{white-space:nowrap}"} {
		if !strings.Contains(m.HTML, want) {
			t.Errorf("the mail lacks %s in\n%s", want, m.HTML)
		}
	}
	if strings.Contains(m.Text, "<a") {
		t.Errorf("the text part has markup:\n%s", m.Text)
	}
	if m, err = load(t).Mail("es", "username", mailArgs()); err != nil || !strings.Contains(m.HTML, `<p class="name">maria.lopez</p>`) {
		t.Errorf("the username is not set apart: %v\n%s", err, m.HTML)
	}
}

func TestMailEscapesNames(t *testing.T) {
	args := mailArgs()
	args["browser"] = "<b>x</b>"
	m, err := load(t).Mail("es", "new_device", args)
	if err != nil {
		t.Fatal(err)
	}
	if strings.Contains(m.HTML, "<b>x</b>") || !strings.Contains(m.Text, "<b>x</b>") {
		t.Errorf("the device is not escaped in the HTML part alone:\n%s", m.HTML)
	}
}

func TestMailRefusesWhatIsMissing(t *testing.T) {
	s := load(t)
	if _, err := s.Mail("es", "no_such_mail", mailArgs()); err == nil {
		t.Error("Mail of an unknown kind went through")
	}
	if _, err := s.Mail("es", "verify", Args{"username": "maria"}); err == nil {
		t.Error("Mail without its code went through")
	}
}

// A new device is named in the language of the mail, as far as it is known.
func TestMailNamesTheDevice(t *testing.T) {
	set := load(t)
	for _, test := range []struct{ lang, browser, system, want string }{
		{"es", "Chrome", "Android", "Dispositivo: Chrome en Android"},
		{"en", "Chrome", "Android", "Device: Chrome on Android"},
		{"es", "Firefox", "", "Navegador: Firefox"},
		{"es", "", "iPhone", "Dispositivo: iPhone"},
		{"es", "", "", "Dispositivo: desconocido"},
		{"en", "", "", "Device: unknown"},
	} {
		args := mailArgs()
		args["browser"], args["system"] = test.browser, test.system
		m, err := set.Mail(test.lang, "new_device", args)
		if err != nil || !strings.Contains(m.Text, test.want) {
			t.Errorf("%s, %q on %q: %v, the mail lacks %q:\n%s", test.lang, test.browser, test.system, err, test.want, m.Text)
		}
	}
}
