package main

import (
	"context"
	"errors"
	"fmt"
	"time"
)

// failingInsert makes part of the inserts into a table fail, as a full disk or a broken index would.
func failingInsert(tables ...string) func(*stage, *result) error {
	return func(s *stage, r *result) error {
		s.populate(10)
		s.tally.take()
		s.journeys.lenient.Store(true)
		defer s.journeys.lenient.Store(false)
		for _, table := range tables {
			failed, err := s.failing(table)
			if err != nil {
				return err
			}
			r.want(failed > 0, "%d inserts into %s failed", failed, table)
		}
		a := s.tally.now()
		r.say("%s", a)
		return nil
	}
}

// failing plays with one table; the trigger is removed in any case. A sequence, which no rollback undoes, counts how
// often it fired.
func (s *stage) failing(table string) (failed int, err error) {
	ctx := context.WithoutCancel(s.ctx)
	err = s.cluster.primary.superuser(ctx, `create sequence if not exists fault_count`, `grant all on fault_count to idp_app`,
		`create or replace function fault() returns trigger language plpgsql as $$ begin
			if random() < 0.2 then
				perform nextval('fault_count');
				raise exception 'a fault' using errcode = case when random() < 0.5 then 'disk_full' else 'data_corrupted' end;
			end if;
			return new;
		end $$`,
		fmt.Sprintf(`create trigger fault before insert on %s for each row execute function fault()`, table))
	if err != nil {
		return 0, err
	}
	err = s.during(6, func() error { return s.wait(6 * time.Second) })
	failed, counted := one[int](ctx, s.cluster.primary, `select case when is_called then last_value else 0 end from fault_count`)
	return failed, errors.Join(err, counted, s.cluster.primary.superuser(ctx, `drop trigger fault on `+table, `drop function fault`, `drop sequence fault_count`))
}
