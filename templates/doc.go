// Package templates holds all texts, pages and mails, and the renderer for them.
//
// # The life of a page
//
//	locales/es.json ─┐
//	locales/en.json ─┤  Load: each page is parsed once per language, with t bound to that language's catalog
//	layout/*.html  ──┼─> Set ── Page(lang, "registration/personal", layout, page) ──> bytes, ready to be sent
//	pages/*/*.html ──┘          the page is rendered into a buffer, so an error never leaves half a page
//
// A page file begins with {{template "frame" .}} and defines "title" and "main"; it is executed with a View: the
// page's own struct is .Page, the data that all pages have is .Layout. The comment at its top names that struct.
// Mails have no files of their own: layout "mail" renders them from their paragraphs and a row of the table in mail.go.
//
// # Words
//
// The set of files in locales is the set of languages; "es" is the default, and one that begins with "_draft" is loaded only
// where the Options name it. words holds their glossaries. A catalog is a flat map from keys
// (feature.page.element) to plain text with {named} places, or to {"one": …, "other": …} chosen by the place n and the
// plural rules of CLDR. A blank line separates paragraphs. Places take strings, integers, [time.Duration] (a wait, rounded
// up), [time.Time] (a date in {date}, a time of day in {clock}, else both) and [template.HTML]; {email}, {phone},
// {hours} and {brand} are filled from the Options unless the caller sets them. The formats of dates and times are
// catalog texts too (web.format.*, web.month.*), in the time zone of the Options.
//
// In templates, t returns plain text; rich returns it with the support address and telephone number as links;
// paragraphs returns the plain text as a list of paragraphs.
//
// # Assets
//
// static/* is served under /static/<name>.<hash>.<ext>, compressed once, cacheable for ever. The stylesheet holds the
// design tokens; the script adds comfort only (show a password, warn before a session ends) and no page needs it.
// Both load under a Content-Security-Policy of style-src 'self'; script-src 'self'; img-src 'self'.
//
// # Errors
//
// Load reports every broken file. Page and Mail fail when a page, a key or a place is missing, which the tests of this
// package rule out for what it ships.
package templates
