// Package sandbox makes a service a test environment: an issuer with a database and keys of its own, invented members whose cards and
// passwords are known, and mails that are shown and not sent. It is the same program with IDP_SANDBOX=true.
//
// # What a database is for
//
//	Claim   at each start: the first service that starts on a database says whether it is a sandbox's or production's, for good.
//	        A sandbox takes an empty database only, and neither starts on the other's.
//	Check   for commands: is this the kind of database that the command is for?
//
// Nothing of this package writes an account unless settings.sandbox is true in the same transaction, and no statement makes it true
// but Claim's, on a database without members and accounts.
//
// # First state
//
// Start imports the invented roster (roster.csv of the demo and more.csv) and calls Reset once. Reset deletes, in one transaction, what
// members, staff codes and apps have left behind (tables.go decides on each table) and makes the accounts of people.go again. A process
// that is killed leaves the state of before. Resets come one after another. The roster stays, so that a member's FHIR patient ID stays.
// Clients and the desk's people stay; grants, tokens and permissions end. The audit is append-only and stays. Accounts are new ones: apps
// see another sub after a reset.
//
// # Mails
//
// Keeper is the mail.Sender of a sandbox: it keeps the newest 200 in sandbox_mails, sealed. They are shown at /mailbox by package
// mailbox. Any instance may keep or show one.
//
// # Pages
//
//	/sandbox   cards, usernames, passwords and what each is for
//	/mailbox   the mails
//
// Both are open to anybody, like the known passwords.
package sandbox
