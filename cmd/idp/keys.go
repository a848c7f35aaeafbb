package main

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"slices"
	"text/tabwriter"
	"time"

	"huskyidp/internal/audit"
	"huskyidp/internal/seal"
	"huskyidp/keys"
)

// KeysCmd is "idp keys".
type KeysCmd struct {
	List   KeysListCmd   `cmd:"" help:"Show the signing keys."`
	Rotate KeysRotateCmd `cmd:"" help:"Make the key that follows the active one."`
	Revoke KeysRevokeCmd `cmd:"" help:"Erase a key: what it signed is valid no longer."`

	GenerateKEK KeysGenerateKEKCmd `cmd:"" name:"generate-kek" help:"Make a key-encryption key."`
	Data        KeysDataCmd        `cmd:"" help:"Show the versions of the data keys, and what the old ones still hold."`
	RotateData  KeysRotateDataCmd  `cmd:"" name:"rotate-data" help:"Take the next step to a new version of a data key: add, write, re-encrypt, drop."`
	Rewrap      KeysRewrapCmd      `cmd:"" help:"Wrap all data keys with the present key-encryption key, so that older ones can go."`
}

func newKeys(env *Environment) (*keys.Service, error) {
	return keys.New(keys.Deps{DB: env.DB, Keyring: env.Keyring, Audit: audit.New(env.DB), Now: env.Now, RSABits: env.RSABits})
}

// KeysListCmd is "idp keys list".
type KeysListCmd struct{}

// Run prints one line per key.
func (c *KeysListCmd) Run(ctx context.Context, env *Environment) error {
	service, err := newKeys(env)
	if err != nil {
		return err
	}
	list, err := service.List(ctx)
	if err != nil {
		return err
	}
	w := tabwriter.NewWriter(env.Stdout, 0, 8, 2, ' ', 0)
	fmt.Fprintln(w, "KID\tALG\tSTATE\tSIGNS FROM\tPUBLISHED UNTIL")
	for _, k := range list {
		fmt.Fprintf(w, "%s\t%s\t%s\t%s\t%s\n", k.KID, k.Alg, k.State, shown(k.NotBefore), shown(k.PublishedUntil))
	}
	return w.Flush()
}

func shown(t time.Time) string {
	if t.IsZero() {
		return "-"
	}
	return t.UTC().Format(time.RFC3339)
}

// KeysRotateCmd is "idp keys rotate".
type KeysRotateCmd struct {
	Alg string `enum:"RS256,ES256,EdDSA," default:"" help:"RS256 (also PS256), ES256 or EdDSA; all that are in use if left out."`
	Now bool   `help:"Sign with the new key at once. Applications that cached the keys must fetch them again."`
}

// Run rotates and prints which key signs from when.
func (c *KeysRotateCmd) Run(ctx context.Context, env *Environment) error {
	service, err := newKeys(env)
	if err != nil {
		return err
	}
	algs := []string{c.Alg}
	if c.Alg == "" {
		if algs, err = algorithmsInUse(ctx, service); err != nil {
			return err
		}
	}
	for _, alg := range algs {
		key, err := service.Rotate(ctx, alg, c.Now)
		switch {
		case errors.Is(err, keys.ErrNextExists):
			fmt.Fprintf(env.Stdout, "%s: key %s waits already and signs from %s\n", alg, key.KID, shown(key.NotBefore))
		case err != nil:
			return err
		default:
			fmt.Fprintf(env.Stdout, "%s: key %s signs from %s\n", alg, key.KID, shown(key.NotBefore))
		}
	}
	return nil
}

// algorithmsInUse are the algorithms with an active key.
func algorithmsInUse(ctx context.Context, service *keys.Service) ([]string, error) {
	all, err := service.List(ctx)
	if err != nil {
		return nil, err
	}
	var algs []string
	for _, key := range all {
		if key.State == keys.Active {
			algs = append(algs, key.Alg)
		}
	}
	return algs, nil
}

// KeysRevokeCmd is "idp keys revoke".
type KeysRevokeCmd struct {
	KID    string `arg:"" help:"Which key, as idp keys list shows it."`
	Reason string `required:"" help:"Why, for the audit trail."`
}

// Run revokes and prints when it has taken effect.
func (c *KeysRevokeCmd) Run(ctx context.Context, env *Environment) error {
	service, err := newKeys(env)
	if err != nil {
		return err
	}
	before, err := service.List(ctx)
	if err != nil {
		return err
	}
	if slices.ContainsFunc(before, func(k keys.Key) bool { return k.KID == c.KID && k.State == keys.Revoked }) {
		_, err := fmt.Fprintf(env.Stdout, "Key %s was revoked before; nothing was changed.\n", c.KID)
		return err
	}
	err = service.Revoke(ctx, c.KID, c.Reason)
	if errors.Is(err, keys.ErrUnknownKey) {
		return fmt.Errorf("there is no signing key %q: idp keys list shows them. Nothing was changed", c.KID)
	}
	if err != nil {
		return err
	}
	_, err = fmt.Fprintf(env.Stdout, "Key %s is revoked. Every instance has dropped it within a minute.\n", c.KID)
	return err
}

// KeysGenerateKEKCmd is "idp keys generate-kek".
type KeysGenerateKEKCmd struct {
	Out string `placeholder:"FILE" help:"Write it to a new file of mode 0400; standard output if left out."`
}

// Help is shown by --help.
func (KeysGenerateKEKCmd) Help() string {
	return `The key wraps all other keys. Whoever has it and the database can read everything; without it nobody can,
the operator included. Keep it, and a copy in another place, outside the database and its backups.`
}

// Run never overwrites a file.
func (c *KeysGenerateKEKCmd) Run(_ context.Context, env *Environment) (err error) {
	if c.Out == "" {
		_, err := fmt.Fprintln(env.Stdout, seal.GenerateKEK())
		return err
	}
	file, err := os.OpenFile(c.Out, os.O_CREATE|os.O_EXCL|os.O_WRONLY, 0o400)
	if errors.Is(err, fs.ErrExist) {
		return fmt.Errorf("--out: %s: file exists, and no key is overwritten; name another", c.Out)
	}
	if err != nil {
		return fmt.Errorf("--out: %w", madeError(c.Out, err))
	}
	_, err = fmt.Fprintln(file, seal.GenerateKEK())
	if err = errors.Join(err, file.Sync(), file.Close()); err != nil {
		return errors.Join(err, os.Remove(c.Out)) // half a key is none
	}
	_, err = fmt.Fprintf(env.Stdout, "%s has a new key. Keep a copy in another place, outside the database and its backups.\n", c.Out)
	return err
}

// KeysRewrapCmd is "idp keys rewrap".
type KeysRewrapCmd struct{}

// Help is shown by --help.
func (KeysRewrapCmd) Help() string {
	return `To change the key-encryption key: start every instance with the new key as IDP_KEK and the old one in
IDP_OLD_KEKS, run this, then start them without IDP_OLD_KEKS.`
}

// Run prints how many data keys were rewrapped.
func (c *KeysRewrapCmd) Run(ctx context.Context, env *Environment) error {
	changed, err := env.Keyring.Rewrap(ctx)
	if err != nil {
		return err
	}
	_, err = fmt.Fprintf(env.Stdout, "%d data keys wrapped again.\n", changed)
	return err
}
