package recovery

import (
	"context"
	"fmt"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"huskyidp/internal/postgres"
	"huskyidp/internal/seal"
)

func changePlace(id uuid.UUID, column string) seal.Place {
	return seal.Place{Table: "held_changes", Column: column, Row: id.String()}
}

func (s store) queueHold(b *pgx.Batch, c Change, link []byte) {
	b.Queue(`
		insert into held_changes (id, account_id, act, asked_by, new_sealed, member_id, link, asked_at, apply_at, in_person)
		values (@id, @account, @act, @by, @new, @member, @link, @asked_at, @apply_at, @in_person)`,
		pgx.NamedArgs{
			"id": c.ID, "account": c.AccountID, "act": c.Act, "by": c.AskedBy, "new": s.sealed(changePlace(c.ID, "new_sealed"), c.Email), "link": link,
			"member": postgres.Nullable(c.MemberID), "asked_at": c.AskedAt, "apply_at": c.ApplyAt, "in_person": c.InPerson,
		})
}

// held turns the violated constraint into its sentinel.
func held(err error) error {
	if postgres.Violated(err) == "held_changes_one" {
		return ErrHeld
	}
	return err
}

// queueApplied keeps the old address while the change can be undone, by a new link or by that of the first notice, which somebody may open
// only now.
func (s store) queueApplied(b *pgx.Batch, c Change, link []byte, now time.Time) {
	b.Queue(`
		update held_changes set state = 'applied', decided_at = @now, undo_until = @undo, old_sealed = @old, first_link = link, link = @link where id = @id`,
		pgx.NamedArgs{"id": c.ID, "now": now, "undo": c.UndoUntil, "old": s.sealed(changePlace(c.ID, "old_sealed"), c.oldEmail), "link": link})
}

func (s store) queueDecide(b *pgx.Batch, id uuid.UUID, state string, now time.Time) {
	b.Queue(`update held_changes set state = $2, decided_at = $3, undo_until = null where id = $1`, id, state, now)
}

// queueUsed makes the link that stopped a change its only one, which is how Stopped knows it.
func (s store) queueUsed(b *pgx.Batch, id uuid.UUID, link []byte) {
	b.Queue(`update held_changes set link = $2, first_link = $2 where id = $1`, id, link)
}

// notOvertaken excludes changes whose links lie in a mailbox that the owner gave up by an ID at the desk (S-64): of address from the moment
// in which another is asked for there, of another kind once that is in force.
const notOvertaken = ` and not exists (
	select from held_changes p where p.account_id = held_changes.account_id and p.act = 'change_email' and p.in_person and p.id <> held_changes.id
		and (p.state = 'applied' and held_changes.asked_at <= p.decided_at or p.state = 'held' and held_changes.act = 'change_email' and held_changes.asked_at <= p.asked_at))`

const byLink = `@link in (link, first_link)`

// stoppable reads a change that is held or can be undone at @now. The error is ErrLink if there is none.
func (s store) stoppable(ctx context.Context, where string, args pgx.NamedArgs) (Change, error) {
	found, err := s.changes(ctx, `(state = 'held' or state = 'applied' and undo_until > @now)`+notOvertaken+` and `+where, args)
	if err != nil {
		return Change{}, err
	}
	if len(found) == 0 {
		return Change{}, ErrLink
	}
	return found[0], nil
}

// undoing reports whether the address of an account was changed and a link can still change it back.
func (s store) undoing(ctx context.Context, account uuid.UUID, now time.Time) (yes bool, err error) {
	err = s.db.From(ctx).QueryRow(ctx, `
		select exists (select from held_changes where account_id = $1 and state = 'applied' and undo_until > $2 and not in_person`+notOvertaken+`)`, account, now).Scan(&yes)
	return yes, err
}

func (s store) changes(ctx context.Context, where string, args pgx.NamedArgs) ([]Change, error) {
	rows, err := s.db.From(ctx).Query(ctx, `
		select id, account_id, act, asked_by, new_sealed, old_sealed, member_id, state, asked_at, apply_at, undo_until, in_person
		from held_changes where `+where, args)
	if err != nil {
		return nil, fmt.Errorf("reading held changes: %w", err)
	}
	return pgx.CollectRows(rows, func(row pgx.CollectableRow) (c Change, err error) {
		var renewed, old []byte
		var undo *time.Time
		var member *uuid.UUID
		if err := row.Scan(&c.ID, &c.AccountID, &c.Act, &c.AskedBy, &renewed, &old, &member, &c.state, &c.AskedAt, &c.ApplyAt, &undo, &c.InPerson); err != nil {
			return c, err
		}
		if undo != nil {
			c.UndoUntil = undo.UTC()
		}
		c.MemberID = postgres.Value(member)
		c.AskedAt, c.ApplyAt = c.AskedAt.UTC(), c.ApplyAt.UTC()
		if c.Email, err = s.opened(changePlace(c.ID, "new_sealed"), renewed); err == nil {
			c.oldEmail, err = s.opened(changePlace(c.ID, "old_sealed"), old)
		}
		return c, err
	})
}
