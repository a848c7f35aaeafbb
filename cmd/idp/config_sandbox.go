package main

import (
	"net/url"
	"strings"
)

// checkSandbox judges the settings of a sandbox, and those of a partner area that registers clients at one.
func (e *environment) checkSandbox(m *mistakes) (isSandbox bool, issuer string) {
	if e.Sandbox && (e.SMTP != "" || e.MailFrom != "") {
		m.wrong("SANDBOX", "sends no mail, it shows them at /mailbox: leave out IDP_SMTP and IDP_MAIL_FROM")
	}
	if e.SandboxIssuer == "" && e.SandboxToken == "" {
		return e.Sandbox, ""
	}
	u, err := url.Parse(e.SandboxIssuer)
	switch {
	case e.SandboxIssuer == "":
		m.wrong("SANDBOX_ISSUER", "is required with IDP_SANDBOX_TOKEN: the https://host of the sandbox")
	case err != nil || u.Scheme != "https" || u.Host == "" || u.Path != "" || u.RawQuery != "" || u.Fragment != "":
		m.wrong("SANDBOX_ISSUER", "must be https://host without path, query or a slash at its end")
	case strings.EqualFold(e.SandboxIssuer, e.Issuer):
		m.wrong("SANDBOX_ISSUER", "is the issuer itself: a sandbox is another service, with IDP_SANDBOX=true and a database of its own")
	}
	if e.SandboxToken == "" {
		m.wrong("SANDBOX_TOKEN", "is required with IDP_SANDBOX_ISSUER: the sandbox's IDP_REGISTRATION_TOKEN")
	}
	if e.PartnerListen == "" {
		m.wrong("SANDBOX_ISSUER", "is for the partner area, which IDP_PARTNER_LISTEN switches on")
	}
	return e.Sandbox, e.SandboxIssuer
}
