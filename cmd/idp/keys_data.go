package main

import (
	"context"
	"fmt"
	"slices"
	"text/tabwriter"
	"time"

	"huskyidp/accounts"
	"huskyidp/admin"
	"huskyidp/internal/mail"
	"huskyidp/internal/seal"
	"huskyidp/keys"
	"huskyidp/members"
	"huskyidp/partners"
	"huskyidp/partners/conformance"
	"huskyidp/provider"
	"huskyidp/recovery"
	"huskyidp/registration"
	"huskyidp/sandbox"
)

// sealedColumns are all columns that hold sealed values for longer than a day. Digests cannot be recomputed: versions
// of their keys are added and stay readable.
var sealedColumns = slices.Concat(accounts.SealedColumns, registration.SealedColumns, recovery.SealedColumns, members.SealedColumns, keys.SealedColumns,
	mail.SealedColumns, admin.SealedColumns, provider.SealedColumns, partners.SealedColumns, conformance.SealedColumns, sandbox.SealedColumns)

// KeysDataCmd is "idp keys data".
type KeysDataCmd struct{}

// Run prints one line per version of a data key, and how many values use an old one (S-47).
func (c *KeysDataCmd) Run(ctx context.Context, env *Environment) error {
	list, err := env.Keyring.DataKeys(ctx)
	if err != nil {
		return err
	}
	left := map[seal.Purpose]int64{}
	for _, column := range sealedColumns {
		n, err := env.Keyring.Left(ctx, column)
		if err != nil {
			return err
		}
		left[column.Purpose] += n
	}
	w := tabwriter.NewWriter(env.Stdout, 0, 8, 2, ' ', 0)
	fmt.Fprintln(w, "PURPOSE\tVERSION\tSTATE\tSINCE\tVALUES OF OLD VERSIONS")
	for _, k := range list {
		old := "-"
		if n, sealed := left[k.Purpose]; sealed && k.State == "writing" {
			old = fmt.Sprint(n)
		}
		fmt.Fprintf(w, "%s\t%d\t%s\t%s\t%s\n", k.Purpose, k.Version, k.State, shown(k.Since), old)
	}
	return w.Flush()
}

// KeysRotateDataCmd is "idp keys rotate-data".
type KeysRotateDataCmd struct {
	Purpose string `arg:"" enum:"pii,totp,signing,pepper-password,pepper-answer,pepper-code,queue" help:"pii, totp, signing, pepper-password, pepper-answer, pepper-code or queue."`
	Wait    bool   `help:"Wait until the old version is dropped: about five minutes, and the time to re-encrypt all values."`
}

// Run takes one step, or all. It may be stopped at any moment and run again; the service keeps running.
func (c *KeysRotateDataCmd) Run(ctx context.Context, env *Environment) error {
	for {
		step, changed, err := env.Keyring.Rotate(ctx, seal.Purpose(c.Purpose), sealedColumns)
		if err != nil {
			return err
		}
		switch step {
		case seal.StepAdded:
			fmt.Fprintln(env.Stdout, "A new version is there. It writes once every instance knows it, in two minutes.")
		case seal.StepPromoted:
			fmt.Fprintln(env.Stdout, "The new version writes. Values are re-encrypted once every instance knows it, in two minutes.")
		case seal.StepResealed:
			fmt.Fprintf(env.Stdout, "%d values are re-encrypted; some were being changed and are left.\n", changed)
		case seal.StepDropped:
			_, err := fmt.Fprintf(env.Stdout, "%d values are re-encrypted, none is left, and the old version is dropped. Running this again begins another rotation.\n", changed)
			return err
		case seal.StepWaits:
			if !c.Wait {
				fmt.Fprintln(env.Stdout, "The instances have yet to learn of the last step. Run this again in two minutes.")
			}
		}
		if !c.Wait {
			return nil
		}
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-time.After(5 * time.Second):
		}
	}
}
