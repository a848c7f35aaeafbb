package templates

import (
	"cmp"
	"embed"
	"time"
)

//go:embed layout pages static locales words
var files embed.FS

// DefaultLanguage is the first language of the product, that of the member guide.
const DefaultLanguage = "es"

// Options are the operator's facts that pages and mails mention.
type Options struct {
	SupportEmail string         // default WebSupport@CHNCT.org
	SupportPhone string         // as read aloud, default "1-800-859-9889, TTY 711"
	Brand        *Brand         // nil: the programme's own, which mentions no hours
	Languages    []string       // that pages and mails are in; nil: all but drafts
	TimeZone     *time.Location // of all dates and times shown; default America/New_York, else UTC
	AccountPath  string         // where "my account" leads, default /account
}

func (o Options) withDefaults() Options {
	o.SupportEmail = cmp.Or(o.SupportEmail, "WebSupport@CHNCT.org")
	o.SupportPhone = cmp.Or(o.SupportPhone, "1-800-859-9889, TTY 711")
	o.AccountPath = cmp.Or(o.AccountPath, "/account")
	if o.TimeZone == nil {
		o.TimeZone = time.UTC
		if eastern, err := time.LoadLocation("America/New_York"); err == nil {
			o.TimeZone = eastern
		}
	}
	return o
}

// in returns the options in a language.
func (o Options) in(lang string) Options {
	if o.Brand == nil {
		o.Brand = &Brand{}
	}
	o.SupportPhone = cmp.Or(o.Brand.Phone[lang], o.SupportPhone)
	return o
}
