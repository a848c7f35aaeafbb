// Package selfservice holds the pages of a member's own account, and keeps a member's session in the browser for the other
// features.
//
// # Browser
//
// browser.go and stepup.go connect a browser to accounts.Service: Lookup reads the session of the cookie, once per request;
// SignIn, Hold, Prove, StepUp and SignOut change it and set the cookies. Require and RequireFresh are the gates of every page
// that needs a sign-in: without one they answer with a redirect, and the page returns. A form belongs to the session that it
// was rendered for; in another it is refused (web.ForeignForm).
//
// # Pages
//
// Mount lists them. Each shows itself through Handler.page, which adds what every page of the section shows: who is signed
// in, changes on hold, a missing secret question. A change that succeeded redirects with ?note=, which the next page tells
// only to the browser that made it (web.JustDone). Sensitive changes require a proof of the last five minutes (S-20).
//
// An imported account is unsettled until its member completes it at accounts.WelcomePath; until then no other page opens.
//
// This package decides nothing about accounts: rules and tables are those of package accounts.
package selfservice
