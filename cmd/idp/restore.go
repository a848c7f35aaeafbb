package main

import (
	"context"
	"fmt"
	"log/slog"
	"strings"
	"text/tabwriter"
	"time"

	"huskyidp/internal/audit"
	"huskyidp/internal/epoch"
)

// RestoreEpochCmd is "idp restore-epoch".
type RestoreEpochCmd struct {
	Yes         bool `help:"End all of it. Without this, the command lists what it would end, and changes nothing."`
	NothingLost bool `help:"Void nothing: this database holds all that was acknowledged (a standby promoted by hand, a planned move)."`
}

// Help is shown by --help.
func (RestoreEpochCmd) Help() string {
	return `A restored database knows nothing of what was spent, revoked and ended after its backup, and would let all of it
count again. This ends every session, code, link, refresh token and whatever is under way, in one transaction; accounts,
consents, roster, clients and the record stay. Members sign in again. Until it is run, idp serve refuses a database that it
finds restored; run it after each restore, found or not. docs/operate.md has the steps.`
}

// Run prints what is void now.
func (c *RestoreEpochCmd) Run(ctx context.Context, env *Environment) error {
	log := audit.New(env.DB)
	if c.NothingLost && c.Yes {
		return fmt.Errorf("--yes voids and --nothing-lost does not: give one of them. Nothing was changed")
	}
	if c.NothingLost {
		if err := epoch.Trust(ctx, env.DB, log, env.Now()); err != nil {
			return err
		}
		_, err := fmt.Fprintln(env.Stdout, "The database is taken as it is; nothing was voided.")
		return err
	}
	if !c.Yes {
		return fmt.Errorf("this ends, for every member and every app:\n  %s\nAccounts, permissions, roster and clients stay. Nothing was changed: "+
			"to end all of it, run idp restore-epoch --yes; if the database lost nothing, as after a planned promotion, idp restore-epoch --nothing-lost",
			strings.Join(epoch.Voids(), "\n  "))
	}
	number, voided, err := epoch.Raise(ctx, env.DB, log, env.Now())
	if err != nil {
		return err
	}
	table := tabwriter.NewWriter(env.Stdout, 0, 0, 2, ' ', tabwriter.AlignRight)
	for _, v := range voided {
		fmt.Fprintf(table, "%d\t %s\n", v.Rows, v.What)
	}
	if err := table.Flush(); err != nil {
		return err
	}
	_, err = fmt.Fprintf(env.Stdout, "All of these are void, and members sign in again. The epoch is %d; idp serve may start.\n", number)
	return err
}

// tellLost records that a failover lost commits.
func tellLost(log *audit.Log, logger *slog.Logger) func(time.Duration) {
	return func(lost time.Duration) {
		ctx, cancel := context.WithTimeout(context.Background(), 5*time.Second)
		defer cancel()
		err := log.Record(ctx, audit.Event{Kind: audit.CommitsLost, At: time.Now(), Actor: "idp", Data: map[string]string{"at_most": lost.String()}})
		if err != nil {
			logger.Error("an alert could not be recorded", "error", err.Error())
		}
	}
}
