package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
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
func readMetadata(path string) (m provider.Metadata, err error) {
	in := os.Stdin
	if path != "-" {
		if in, err = os.Open(path); err != nil {
			return m, err
		}
		defer in.Close()
	}
	text, err := io.ReadAll(io.LimitReader(in, maxClientFile+1))
	if err != nil {
		return m, fmt.Errorf("reading the registration: %w", err)
	}
	if len(text) > maxClientFile {
		return m, errors.New("the registration is longer than 64 KiB")
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
	return provider.ErrNoClient
}

func (c *ClientsCreateCmd) Run(ctx context.Context, env *Environment) error {
	m, err := readMetadata(c.File)
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
		return err
	}
	return printJSON(env.Stdout, clientDocument{client.ID, secret, client.Metadata})
}

func (c *ClientsUpdateCmd) Run(ctx context.Context, env *Environment) error {
	m, err := readMetadata(c.File)
	if err != nil {
		return err
	}
	clients, err := openClients(ctx, env)
	if err != nil {
		return err
	}
	client, err := clients.Update(ctx, c.ID, m)
	if err != nil {
		return err
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
		return err
	}
	return printJSON(env.Stdout, map[string]string{"client_id": c.ID, "client_secret": secret})
}

func (c *ClientsDisableCmd) Run(ctx context.Context, env *Environment) error {
	clients, err := openClients(ctx, env)
	if err != nil {
		return err
	}
	return clients.Disable(ctx, c.ID, c.Reason)
}

func (c *ClientsEnableCmd) Run(ctx context.Context, env *Environment) error {
	clients, err := openClients(ctx, env)
	if err != nil {
		return err
	}
	return clients.Enable(ctx, c.ID, c.Reason)
}

func (c *ClientsErrorsCmd) Run(ctx context.Context, env *Environment) error {
	clients, err := openClients(ctx, env)
	if err != nil {
		return err
	}
	refused, err := clients.Errors(ctx, c.ID)
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
