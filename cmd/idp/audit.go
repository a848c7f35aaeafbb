package main

import (
	"bufio"
	"context"
	"encoding/base64"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"strings"
	"time"

	"huskyidp/internal/audit"
)

// AuditCmd is "idp audit".
type AuditCmd struct {
	Verify AuditVerifyCmd `cmd:"" help:"Check that no row was changed, added or taken since it was written."`
	Export AuditExportCmd `cmd:"" help:"Print the rows of a span as JSON lines."`
	Key    AuditKeyCmd    `cmd:"" help:"Print the public key of the checkpoints."`
}

func newChain(env *Environment) *audit.Chain { return audit.NewChain(env.DB, env.Keyring, env.Now) }

// AuditVerifyCmd is "idp audit verify".
type AuditVerifyCmd struct {
	Checkpoints string `type:"existingfile" help:"File with checkpoints that were kept elsewhere: the service's log, or one signature a line."`
}

// Run prints the first fault, or that the record is whole.
func (c *AuditVerifyCmd) Run(ctx context.Context, env *Environment) error {
	kept, err := readCheckpoints(c.Checkpoints)
	if err != nil {
		return err
	}
	v, err := newChain(env).Verify(ctx, kept...)
	if _, broken := errors.AsType[*audit.Fault](err); broken { // S-74
		log := audit.New(env.DB).AlertTo(slog.New(slog.NewJSONHandler(env.Stderr, nil)), func(string) {})
		err = errors.Join(err, log.Record(ctx, audit.Event{Kind: audit.ChainBroken, At: env.Now(), Actor: "idp audit verify"}))
	}
	if err != nil {
		return err
	}
	_, err = fmt.Fprintf(env.Stdout, "The audit is whole: %d rows, positions %d to %d, %d checkpoints; %d rows wait to be sealed.\n",
		v.Rows, v.First, v.Last, v.Checkpoints, v.Waiting)
	return err
}

// readCheckpoints finds the signatures in a file, whatever surrounds them: in a log line one is a value.
func readCheckpoints(path string) (kept []string, err error) {
	if path == "" {
		return nil, nil
	}
	file, err := os.Open(path)
	if err != nil {
		return nil, fileError(path, err)
	}
	defer file.Close()
	lines := bufio.NewScanner(file)
	lines.Buffer(nil, 1<<20)
	for lines.Scan() {
		for _, word := range strings.FieldsFunc(lines.Text(), func(r rune) bool { return strings.ContainsRune(" \t\",:{}", r) }) {
			if strings.Count(word, ".") == 2 && strings.HasPrefix(word, "eyJ") {
				kept = append(kept, word)
			}
		}
	}
	if err := lines.Err(); err != nil {
		return nil, fileError(path, err)
	}
	if len(kept) == 0 {
		return nil, fmt.Errorf("%s holds no checkpoint", path)
	}
	return kept, nil
}

// AuditExportCmd is "idp audit export".
type AuditExportCmd struct {
	From time.Time `help:"First instant, as in 2026-11-29T00:00:00Z (RFC 3339); the beginning if left out."`
	To   time.Time `help:"First instant that is not printed, in the same form; now if left out."`
}

// Validate reports a wrong call.
func (c *AuditExportCmd) Validate() error {
	to := c.To
	if to.IsZero() {
		to = time.Now()
	}
	if to.Before(c.From) {
		return fmt.Errorf("--to lies before --from: %s before %s", shown(to), shown(c.From))
	}
	return nil
}

// Run prints one JSON document per line.
func (c *AuditExportCmd) Run(ctx context.Context, env *Environment) error {
	to := c.To
	if to.IsZero() {
		to = env.Now()
	}
	return audit.New(env.DB).Export(ctx, env.Stdout, c.From, to)
}

// AuditKeyCmd is "idp audit key".
type AuditKeyCmd struct{}

// Run prints the key as a JWK's x (RFC 8037).
func (c *AuditKeyCmd) Run(env *Environment) error {
	_, err := fmt.Fprintf(env.Stdout, `{"kty":"OKP","crv":"Ed25519","x":"%s"}`+"\n", base64.RawURLEncoding.EncodeToString(newChain(env).PublicKey()))
	return err
}

// sealAudit seals what was written, and writes the signed end to the log, which leaves this machine: removing anything
// older than a minute will show. last does so however long ago the last one was, so that after an orderly shutdown
// nothing can be removed unnoticed. The two do not run concurrently.
func (a *app) sealAudit(chain *audit.Chain, log *audit.Log) (tick, last func(context.Context) error) {
	var written audit.Checkpoint
	tick = func(ctx context.Context) error {
		if _, err := chain.Seal(ctx); err != nil {
			return err
		}
		if _, _, err := chain.Checkpoint(ctx); err != nil {
			return err
		}
		p, ok, err := chain.End(ctx, written)
		if _, broken := errors.AsType[*audit.Fault](err); broken { // once: after that the end is accepted as it is
			written = audit.Checkpoint{}
			return errors.Join(err, log.Record(ctx, audit.Event{Kind: audit.ChainBroken, At: time.Now(), Actor: "idp"}))
		}
		if ok {
			written = p
			a.logger.LogAttrs(ctx, slog.LevelInfo, "audit checkpoint", slog.Int64("position", p.Position), slog.String("checkpoint", p.Signed))
		}
		return err
	}
	return tick, func(ctx context.Context) error {
		written.At = time.Time{}
		return tick(ctx)
	}
}

// pruneAudit deletes rows older than retention; 0 keeps all.
func pruneAudit(ctx context.Context, chain *audit.Chain, retention time.Duration) error {
	if retention == 0 {
		return nil
	}
	return second(chain.Prune(ctx, time.Now().Add(-retention)))
}
