package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"slices"
	"text/tabwriter"
	"time"

	"huskyidp/internal/audit"
	"huskyidp/internal/outbound"
	"huskyidp/provider"
)

// ClientsCmd is "idp clients".
type ClientsCmd struct {
	List         ClientsListCmd         `cmd:"" help:"List the clients."`
	Show         ClientsShowCmd         `cmd:"" help:"Print a client's registration as JSON."`
	Create       ClientsCreateCmd       `cmd:"" help:"Register a client from JSON in RFC 7591 member names; prints its secret once."`
	Update       ClientsUpdateCmd       `cmd:"" help:"Replace a client's registration."`
	RotateSecret ClientsRotateSecretCmd `cmd:"" help:"Give a client a new secret; the old one ends at once."`
	Disable      ClientsDisableCmd      `cmd:"" help:"End a client's use."`
	Enable       ClientsEnableCmd       `cmd:"" help:"Let a disabled client be used again."`
	Errors       ClientsErrorsCmd       `cmd:"" help:"Print the last 100 refused requests of a client, the newest first; without values of secrets."`
	Export       ClientsExportCmd       `cmd:"" help:"Print all registrations as JSON, without secrets."`
	Import       ClientsImportCmd       `cmd:"" help:"Register or update the clients of a JSON file, all or none."`
}

type ClientsListCmd struct{}

type ClientsShowCmd struct {
	ID string `arg:"" help:"client_id."`
}

type ClientsCreateCmd struct {
	ID      string `help:"client_id; drawn at random when left out."`
	Replace bool   `help:"Update the client when it exists; its secret stays."`
	File    string `arg:"" help:"JSON file, or - for standard input. Example: {\"client_name\": \"Portal\", \"redirect_uris\": [\"https://portal.example/callback\"]}"`
}

type ClientsUpdateCmd struct {
	ID   string `arg:"" help:"client_id."`
	File string `arg:"" help:"JSON file, or - for standard input."`
}

type ClientsRotateSecretCmd struct {
	ID string `arg:"" help:"client_id."`
}

type ClientsDisableCmd struct {
	ID     string `arg:"" help:"client_id."`
	Reason string `help:"Why, with the criterion: for the audit, and the yearly report on apps that members choose."`
}

type ClientsEnableCmd struct {
	ID     string `arg:"" help:"client_id."`
	Reason string `help:"Why."`
}

type ClientsErrorsCmd struct {
	ID        string `arg:"" help:"client_id."`
	RequestID string `help:"Only the one with this number, which its error page shows."`
}

// clientDocument is a client as printed, with the member names of RFC 7591.
type clientDocument struct {
	ClientID     string `json:"client_id"`
	ClientSecret string `json:"client_secret,omitempty"`
	provider.Metadata
}

func openClients(ctx context.Context, env *Environment) (*provider.Clients, error) {
	signing, err := newKeys(env)
	if err != nil {
		return nil, err
	}
	return provider.NewClients(ctx, provider.ClientsDeps{DB: env.DB, Keyring: env.Keyring, Audit: audit.New(env.DB), Now: env.Now, Keys: signing, Fetcher: outbound.New(env.Outbound), Rules: env.ClientRules})
}

func printJSON(w io.Writer, value any) error {
	e := json.NewEncoder(w)
	e.SetIndent("", "  ")
	return e.Encode(value)
}

// maxClientFile in bytes: one registration with its keys.
const maxClientFile = 64 << 10

// readMetadata refuses unknown members, so that typing errors are reported.
func readMetadata(ctx context.Context, path string) (m provider.Metadata, err error) {
	text, err := readWhole(ctx, path, maxClientFile)
	if err != nil {
		return m, err
	}
	if len(text) > maxClientFile {
		return m, errors.New("the registration is longer than 64 KiB")
	}
	if len(bytes.TrimSpace(text)) == 0 {
		return m, fmt.Errorf("%s: is empty, and must be a registration as JSON, as in {\"client_name\": \"Portal\", \"redirect_uris\": [\"https://portal.example/callback\"]}", named(path))
	}
	return m, provider.ReadMetadata(text, &m)
}

func (c *ClientsListCmd) Run(ctx context.Context, env *Environment) error {
	clients, err := openClients(ctx, env)
	if err != nil {
		return err
	}
	table := tabwriter.NewWriter(env.Stdout, 0, 8, 2, ' ', 0)
	fmt.Fprintln(table, "CLIENT ID\tNAME\tPROFILE\tSTATE")
	for _, client := range clients.List() {
		state := "active"
		if client.DisabledAt != nil {
			state = "disabled"
		}
		fmt.Fprintf(table, "%s\t%s\t%s\t%s\n", client.ID, client.Metadata.ClientName, client.Metadata.Profile, state)
	}
	return table.Flush()
}

func (c *ClientsShowCmd) Run(ctx context.Context, env *Environment) error {
	clients, err := openClients(ctx, env)
	if err != nil {
		return err
	}
	for _, client := range clients.List() {
		if client.ID == c.ID {
			return printJSON(env.Stdout, clientDocument{ClientID: client.ID, Metadata: client.Metadata})
		}
	}
	return noClientToRead(c.ID)
}

func noClientToRead(id string) error {
	return fmt.Errorf("there is no client %q: idp clients list shows them", id)
}

// noClient puts the client_id and the way on into ErrNoClient and ErrClientExists.
func noClient(id string, err error) error {
	switch {
	case errors.Is(err, provider.ErrNoClient):
		return fmt.Errorf("there is no client %q: idp clients list shows them. Nothing was changed", id)
	case errors.Is(err, provider.ErrClientExists):
		return fmt.Errorf("a client %q exists: change it with idp clients update, or with --replace. Nothing was changed", id)
	}
	return err
}

func (c *ClientsCreateCmd) Run(ctx context.Context, env *Environment) error {
	m, err := readMetadata(ctx, c.File)
	if err != nil {
		return err
	}
	clients, err := openClients(ctx, env)
	if err != nil {
		return err
	}
	client, secret, err := clients.Create(ctx, c.ID, m)
	if c.Replace && errors.Is(err, provider.ErrClientExists) {
		client, err = clients.Update(ctx, c.ID, m)
		secret = ""
	}
	if err != nil {
		return noClient(c.ID, err)
	}
	return secretLost(client.ID, secret, printJSON(env.Stdout, clientDocument{client.ID, secret, client.Metadata}))
}

func (c *ClientsUpdateCmd) Run(ctx context.Context, env *Environment) error {
	m, err := readMetadata(ctx, c.File)
	if err != nil {
		return err
	}
	clients, err := openClients(ctx, env)
	if err != nil {
		return err
	}
	client, err := clients.Update(ctx, c.ID, m)
	if err != nil {
		return noClient(c.ID, err)
	}
	return printJSON(env.Stdout, clientDocument{ClientID: client.ID, Metadata: client.Metadata})
}

func (c *ClientsRotateSecretCmd) Run(ctx context.Context, env *Environment) error {
	clients, err := openClients(ctx, env)
	if err != nil {
		return err
	}
	secret, err := clients.RotateSecret(ctx, c.ID)
	if err != nil {
		return noClient(c.ID, err)
	}
	return secretLost(c.ID, secret, printJSON(env.Stdout, map[string]string{"client_id": c.ID, "client_secret": secret}))
}

// secretLost says what to do about a secret that is shown once and could not be printed.
func secretLost(id, secret string, err error) error {
	if err == nil || secret == "" {
		return err
	}
	return fmt.Errorf("%w. The secret of %s is lost: make another with idp clients rotate-secret %[2]s", err, id)
}

// Run prints what is now so; disabling again changes nothing.
func (c *ClientsDisableCmd) Run(ctx context.Context, env *Environment) error {
	return setUse(ctx, env, c.ID, false, c.Reason)
}

// Run prints what is now so; enabling again changes nothing.
func (c *ClientsEnableCmd) Run(ctx context.Context, env *Environment) error {
	return setUse(ctx, env, c.ID, true, c.Reason)
}

func setUse(ctx context.Context, env *Environment, id string, allow bool, reason string) error {
	clients, err := openClients(ctx, env)
	if err != nil {
		return err
	}
	if !allow && reason == "" && clients.ReportsEnd(id) {
		return fmt.Errorf("--reason: is missing: %s has members' health data, and the yearly report says why an app's access ended (42 CFR 431.60(e))", id)
	}
	use, err := clients.SetUse(ctx, id, allow, reason, operator)
	if err != nil {
		return noClient(id, err)
	}
	_, err = fmt.Fprintln(env.Stdout, usePrinted(use))
	return err
}

// usePrinted is one line: the client, its state, since when, and what that means for permissions and tokens.
func usePrinted(use provider.Use) string {
	name := fmt.Sprintf("%s (%s)", use.Client.Metadata.ClientName, use.Client.ID)
	left := fmt.Sprintf("%d permissions of members and %d refresh tokens", use.Permissions, use.Tokens)
	isDisabled := use.Client.DisabledAt != nil
	switch {
	case !use.Changed && isDisabled:
		by := ""
		if use.By != "" {
			by = ", by the " + use.By
		}
		if use.Reason != "" {
			by += ", because: " + use.Reason
		}
		return fmt.Sprintf("%s is disabled already, since %s%s. Nothing was changed.", name, shown(*use.Client.DisabledAt), by)
	case !use.Changed:
		return fmt.Sprintf("%s is enabled already. Nothing was changed.", name)
	case isDisabled:
		return fmt.Sprintf("%s is disabled since %s; every instance refuses it within a second. It cannot use %s until it is enabled; "+
			"access tokens that it has are valid to their end, minutes, where they are not introspected.", name, shown(*use.Client.DisabledAt), left)
	}
	return fmt.Sprintf("%s is enabled since %s; every instance takes it within a second, with %s that did not end meanwhile.", name, shown(use.Client.UpdatedAt), left)
}

func (c *ClientsErrorsCmd) Run(ctx context.Context, env *Environment) error {
	clients, err := openClients(ctx, env)
	if err != nil {
		return err
	}
	refused, err := clients.Errors(ctx, c.ID)
	if errors.Is(err, provider.ErrNoClient) {
		return noClientToRead(c.ID)
	}
	if err != nil {
		return err
	}
	if c.RequestID != "" {
		refused = slices.DeleteFunc(refused, func(e provider.ClientError) bool { return e.RequestID != c.RequestID })
	}
	table := tabwriter.NewWriter(env.Stdout, 0, 8, 2, ' ', 0)
	fmt.Fprintln(table, "AT\tNUMBER\tENDPOINT\tERROR\tDESCRIPTION\tSENT")
	for _, e := range refused {
		fmt.Fprintf(table, "%s\t%s\t%s\t%s\t%s\t%s\n", e.At.UTC().Format(time.RFC3339), e.RequestID, e.Endpoint, e.Error, e.Description, e.Sent)
	}
	return table.Flush()
}
