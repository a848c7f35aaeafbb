package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"regexp"
	"strings"
	"sync"

	"github.com/alecthomas/kong"
	"github.com/jackc/pgx/v5/pgconn"

	"huskyidp/internal/postgres"
)

// packagePrefix matches the package name that begins an error's text. The logs keep it; an operator has no use for it.
var packagePrefix = regexp.MustCompile(`(?m)(^|: |\. )(?:accounts|admin|dpop|embedded|jws|keys|mail|members|outbound|portal|postgres|provider|recovery|registration|selfservice|web): `)

// withoutPackages returns an error's text for an operator.
func withoutPackages(text string) string {
	for {
		shorter := packagePrefix.ReplaceAllString(text, "$1")
		if shorter == text {
			return text
		}
		text = shorter
	}
}

// runsUntilStopped are the commands that a signal ends in good order.
var runsUntilStopped = map[string]bool{"demo": true, "serve": true, "portal": true, "mailbox": true}

// failure is what the operator reads of a command's error; nil if the command ended as it should.
func (p *process) failure(ctx context.Context, command string, err error) error {
	told, isTold := errors.AsType[*toldState](err)
	state := "What was under way is kept whole or not at all: look at what is there, and run the command again"
	switch {
	case isTold:
		state, err = told.state, told.cause
	case p.db == nil:
		state = "Nothing was changed"
	}
	switch {
	case err == nil:
		return nil
	case context.Cause(ctx) == errNoCommit:
		return errNoCommit
	case ctx.Err() != nil && runsUntilStopped[command]:
		if errors.Is(err, context.Canceled) {
			return nil
		}
		return err
	case ctx.Err() != nil:
		return fmt.Errorf("stopped before its end. %s", state)
	case p.db != nil && errors.Is(err, postgres.ErrUnavailable):
		text := err.Error()
		if wrong, ok := errors.AsType[*pgconn.PgError](err); ok {
			text = wrong.Message
		} else if _, cause, found := strings.Cut(text, postgres.ErrUnavailable.Error()+": "); found {
			text = cause
		}
		return &oneLine{fmt.Sprintf("IDP_DATABASE_URL: the database could not go on while the command ran: %s. %s", inOneLine(text), state), err}
	case isTold:
		return fmt.Errorf("%w. %s", err, state)
	}
	return err
}

// toldState is an error of a command that knows what it left behind.
type toldState struct {
	cause error
	state string
}

func (e *toldState) Error() string { return e.cause.Error() + ". " + e.state }
func (e *toldState) Unwrap() error { return e.cause }

// unknownShort matches kong's error for a word such as -x.
var unknownShort = regexp.MustCompile(`^unknown flag (-[^-])`)

// wrongCall is what is wrong with a call's words. A kid or file name that begins with a hyphen is taken for flags.
func wrongCall(err error) string {
	if match := unknownShort.FindStringSubmatch(err.Error()); match != nil {
		return "unknown flag " + match[1] + ": a value that begins with a hyphen comes last, after --"
	}
	return err.Error()
}

// tryHelp is the command whose help says how a wrong call is made right.
func tryHelp(command *kong.Context, err error) string {
	if wrong, ok := errors.AsType[*kong.ParseError](err); ok {
		command = wrong.Context
	}
	if command != nil && command.Selected() != nil {
		return command.Selected().FullPath() + " --help"
	}
	return "idp --help"
}

// output remembers that something could not be written, so that no command ends well whose answer is lost.
type output struct {
	io.Writer
	mu  sync.Mutex // the log of serve is written by many
	err error
}

func (o *output) Write(b []byte) (int, error) {
	n, err := o.Writer.Write(b)
	if err = withoutPath(err); err != nil {
		o.mu.Lock()
		defer o.mu.Unlock()
		o.err = err
	}
	return n, err
}

// failed returns the last error of a write, which is the one that a command returns.
func (o *output) failed() error {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.err
}
