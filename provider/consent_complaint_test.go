package provider_test

import (
	"errors"
	"strings"
	"testing"
	"time"

	"huskyidp/accounts"
	"huskyidp/internal/ratelimit"
)

// S-73: what a member complains of is kept sealed, once however often it is sent, told to others without who said it, and ends with its time.
func TestComplaints(t *testing.T) {
	t.Parallel()
	b := newBench(t, 2)
	client := b.allows(b.signedIn())
	ctx := t.Context()
	said := accounts.Complaint{ClientID: client, Kind: "shared", Text: "Me llaman de otra empresa."}
	first, err := b.provider.Complain(ctx, b.account.ID, said)
	must(t, err)
	again, err := b.provider.Complain(ctx, b.account.ID, said)
	if err != nil || again != first {
		t.Errorf("the second press: %v, %v, want the number %v", again, err, first)
	}
	b.clock.advance(time.Minute)
	for n := range 4 {
		other := said
		other.Text += strings.Repeat("!", n+1)
		_, err = b.provider.Complain(ctx, b.account.ID, other)
		must(t, err)
	}
	other := said
	other.Kind = "more"
	if _, err = b.provider.Complain(ctx, b.account.ID, other); err == nil {
		t.Error("a sixth of one day is taken")
	}
	if _, isLimit := errors.AsType[*ratelimit.Exceeded](err); !isLimit {
		t.Errorf("the sixth: %v", err)
	}
	if again, err = b.provider.Complain(ctx, b.account.ID, said); err != nil || again != first {
		t.Errorf("the first, sent again beyond the limit: %v, %v", again, err)
	}
	own, err := b.provider.Complaints(ctx, b.account.ID)
	must(t, err)
	of, err := b.clients.Complaints(ctx, client)
	must(t, err)
	if len(own) != 5 || len(of) != 5 || own[4].App == "" || of[4].ID != first || of[4].Text != said.Text || of[4].Kind != "shared" {
		t.Errorf("own %+v\nof the app %+v", own, of)
	}
	var plain, events int
	must(t, b.db.From(ctx).QueryRow(ctx, `select (select count(*) from app_complaints where position('Me llaman'::bytea in text_sealed) > 0), (select count(*) from audit_events where kind = 'app_complaint')`).Scan(&plain, &events))
	if plain != 0 || events != 5 {
		t.Errorf("%d texts can be read in the table, %d events, want 0 and 5", plain, events)
	}
	must(t, b.provider.Sweep(ctx))
	if of, err = b.clients.Complaints(ctx, client); err != nil || len(of) != 5 {
		t.Fatalf("swept before their time: %+v, %v", of, err)
	}
	for what, age := range map[string]func() time.Duration{
		"after three years": func() time.Duration { return 3*366*24*time.Hour + 48*time.Hour },
		"a month after the account was closed": func() time.Duration {
			_, err := b.provider.Complain(ctx, b.account.ID, said)
			must(t, err)
			_, err = b.db.From(ctx).Exec(ctx, `update accounts set closed_at = $1`, b.clock.now())
			must(t, err)
			return 32 * 24 * time.Hour
		},
	} {
		b.clock.advance(age())
		must(t, b.provider.Sweep(ctx))
		if of, err = b.clients.Complaints(ctx, client); err != nil || len(of) != 0 {
			t.Errorf("%s: %+v, %v", what, of, err)
		}
	}
}
