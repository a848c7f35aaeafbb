// Package mailbox is the demo's mail server: it takes every mail by SMTP, delivers none, and shows them on a page.
// It is a demo convenience, refused outside the demo, and has no protection but that it listens on this machine.
//
// # Life of a mail
//
//	SMTP DATA ──parsed──> Box (the newest 200 in memory) ──> /demo/mail, /demo/mail/{id}, /demo/mail/{id}/html
//	                       └──appended──> mails.jsonl, read again at the next start
//
// The file holds one JSON object per line. It is written before the sender hears "250", so what was acknowledged
// survives a killed process; a line that was cut off is dropped when the file is read. At each start the file is
// reduced to the newest mails.
//
// # Pages
//
// The list and the reading page use the templates demo/mails and demo/mail. The HTML part of a mail is served as a
// document of its own, under a policy that allows styles and nothing else, and shown inside a sandboxed frame: a mail
// can neither run scripts nor reach the pages around it.
//
// Specifications: RFC 5321, 5322, 2045 to 2047.
package mailbox
