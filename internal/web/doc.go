// Package web is what all HTTP surfaces share: the gin engine without its defaults, the checks before a handler, cookies,
// pages and errors.
//
// # The path of a request
//
//	request id, access log, panic -> 500
//	  security headers, source address, host, sizes, language     every route
//	    Pages     browser cookie, per-source limit, form, CSRF     our own forms
//	    Entry     browser cookie, per-source limit, form           pages that other sites may post to (/authorize)
//	    Protocol  body limits, form; no cookies                    OAuth endpoints, JSON errors
//	      Handle(fn)  one error -> one answer
//
// A handler parses, calls one use case and answers with Page or SeeOther. Other outcomes it returns as an error: an *Error
// becomes its page, an error with RetryAfter a 429, postgres.ErrUnavailable a 503, and anything else a 500, which is logged
// once under the request ID; the page shows only that ID.
//
// A refused form redirects to its own page, which shows the input and what is wrong with it (refused.go); so does an error
// that answers a form.
//
// # Who is asking
//
// Source is the peer or, behind trusted proxies, the right-most untrusted hop; IPv4 counts as /32, IPv6 as /64. Browser is
// the digest of a random cookie that a GET sets once. Flows are bound to it, and CSRF tokens are a MAC over it and the
// session that the page was rendered for, with a fresh mask on each page: one person's page can do nothing while another is
// signed in (Belongs). Cookies are SameSite=Lax, so that a POST from another site has none; hence only GET sets the browser
// cookie.
//
// Several people use one browser. Entrance marks the next one on the pages where people begin; a flow begun before then asks
// whose it is on each of its pages, until there is an answer (Asks, Began). After a form that was another's, the pages say whose
// session is open; what was typed before a proof that is asked for in between is there afterwards (KeepTyped).
//
// # Language
//
// ?lang= (the switch on every page), then ui_locales, then the cookie "lang", then Accept-Language, then the catalog's first
// language. The first two are remembered in the cookie. PreferLanguage remembers the ui_locales of a pushed or posted
// request.
//
// # Limits
//
// Limits has the sizes with their defaults (S-69). Per-source limits are GCRA in memory, per instance, for the volume of
// requests only. Limits that must hold across instances and restarts are in internal/ratelimit.
//
// # Where it implements what
//
// S-09 (in part), S-24, S-26 to S-29, S-36 (303), S-68 to S-70, S-75, R-06, R-09, R-10 (panics); conformance.md 12.4, 12.7,
// 12.8, 12.10. S-27 asks for nonces or hashes: no page has inline script or style, so 'self' is stricter. With
// Referrer-Policy: no-referrer, browsers without Sec-Fetch-Site (iOS 15) send Origin: null on our own forms. Such requests
// are judged by the CSRF token, which a foreign page can neither read nor, without the cookie, use.
package web
