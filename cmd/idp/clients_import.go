package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"

	"huskyidp/provider"
)

// ClientsExportCmd is "idp clients export".
type ClientsExportCmd struct{}

// Help is shown by --help.
func (ClientsExportCmd) Help() string {
	return `A JSON array in RFC 7591 member names, which "idp clients import" takes. Secrets are not in it: they are kept as digests.`
}

// Run prints all clients, including disabled ones.
func (ClientsExportCmd) Run(ctx context.Context, env *Environment) error {
	clients, err := openClients(ctx, env)
	if err != nil {
		return err
	}
	return printJSON(env.Stdout, clients.Registrations())
}

// ClientsImportCmd is "idp clients import".
type ClientsImportCmd struct {
	File string `arg:"" help:"JSON array of registrations with their client_id, or - for standard input."`
}

// Help is shown by --help.
func (ClientsImportCmd) Help() string {
	return `Clients that exist are updated and keep their secret, new ones are made, and others stay as they are: all in one
transaction, or nothing. Prints what was done; the secrets of new clients are shown only then. The same file again changes
nothing. A mistake is reported with its line and member.`
}

// maxClientsFile in bytes; some thousand registrations.
const maxClientsFile = 8 << 20

// Run imports the file.
func (c *ClientsImportCmd) Run(ctx context.Context, env *Environment) error {
	text, err := readWhole(ctx, c.File, maxClientsFile)
	if err != nil {
		return err
	}
	if len(text) > maxClientsFile {
		return errors.New("the file is longer than 8 MiB")
	}
	if len(bytes.TrimSpace(text)) == 0 {
		return fmt.Errorf("%s: is empty, and must be a JSON array, as idp clients export prints it", named(c.File))
	}
	all, lines, err := readRegistrations(text)
	if err != nil {
		return err
	}
	clients, err := openClients(ctx, env)
	if err != nil {
		return err
	}
	done, err := clients.Import(ctx, all)
	if err != nil {
		return withLines(err, lines)
	}
	return printJSON(env.Stdout, done)
}

// readRegistrations also returns the line on which each begins. It reports all that cannot be read; unknown members are
// typing errors.
func readRegistrations(text []byte) (all []provider.Registration, lines []int, err error) {
	text = bytes.TrimPrefix(text, []byte("\ufeff"))
	var whole any
	if wrong, ok := errors.AsType[*json.SyntaxError](json.Unmarshal(text, &whole)); ok {
		return nil, nil, fmt.Errorf("line %d: the JSON is not well-formed", lineAt(text, wrong.Offset))
	}
	d := json.NewDecoder(bytes.NewReader(text))
	if token, err := d.Token(); err != nil || token != json.Delim('[') {
		return nil, nil, fmt.Errorf("line %d: this is not a JSON array of registrations", lineAt(text, d.InputOffset()))
	}
	var mistakes []error
	for d.More() {
		start := d.InputOffset()
		start += int64(len(text[start:]) - len(bytes.TrimLeft(text[start:], ", \t\r\n")))
		line := lineAt(text, start)
		var raw json.RawMessage
		if err := d.Decode(&raw); err != nil {
			return nil, nil, fmt.Errorf("line %d: the JSON is not well-formed", line)
		}
		var one provider.Registration
		if err := provider.ReadRegistration(raw, &one); err != nil {
			mistakes = append(mistakes, fmt.Errorf("line %d: client %d: %w", line, len(lines)+1, err))
		}
		all, lines = append(all, one), append(lines, line)
	}
	return all, lines, errors.Join(mistakes...)
}

func lineAt(text []byte, offset int64) int {
	return 1 + bytes.Count(text[:min(offset, int64(len(text)))], []byte("\n"))
}

// withLines puts the line number before each mistake of an import.
func withLines(err error, lines []int) error {
	joined, ok := err.(interface{ Unwrap() []error })
	if !ok {
		return err
	}
	var mistakes []error
	for _, mistake := range joined.Unwrap() {
		if at, ok := errors.AsType[*provider.ImportError](mistake); ok {
			mistake = fmt.Errorf("line %d: %w", lines[at.Index], mistake)
		}
		mistakes = append(mistakes, mistake)
	}
	return errors.Join(mistakes...)
}
