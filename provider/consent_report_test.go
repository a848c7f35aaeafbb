package provider_test

import (
	"fmt"
	"reflect"
	"strings"
	"testing"
	"time"

	"huskyidp/provider"
)

// A thousand permissions of 500 members to two apps give exact counts, whatever happened outside of the year, failed, came after
// the permission's end, or was no health data.
func TestPatientAccess(t *testing.T) {
	t.Parallel()
	b := newBench(t, 2)
	one, _ := b.partner(nil)
	two, _ := b.partner(nil)
	own, _ := b.client(nil)
	year := b.clock.now().UTC().Year()
	years := strings.NewReplacer("2025", fmt.Sprint(year-1), "2026", fmt.Sprint(year), "2027", fmt.Sprint(year+1))
	for _, statement := range []string{
		`insert into consents (id, account_id, client_id, subject, scopes, refused, granted_at, expires_at)
		select gen_random_uuid(), ('00000000-0000-7000-8000-' || lpad(i::text, 12, '0'))::uuid, app, i || app,
			case when app = $1 or i <= 300 then array['openid', 'patient/Coverage.rs'] else array['openid', 'profile'] end, '{}', '2025-11-01', '2027-11-01'
		from generate_series(1, 500) i, unnest(array[$1, $2]) app where app <> $3`,
		`insert into audit_events (id, at, kind, account_id, client_id, success)
		select gen_random_uuid(), e.at, e.kind, ('00000000-0000-7000-8000-' || lpad(i::text, 12, '0'))::uuid, e.app, e.success
		from generate_series(1, 500) i, (values
			($1, 1, 400, 'grant.tokens_issued', '2026-03-01'::timestamptz, true),
			($1, 350, 400, 'grant.tokens_refreshed', '2026-12-31 23:59:59', true),
			($2, 1, 350, 'grant.tokens_issued', '2026-01-01', true), -- 301 to 350: no health data
			($3, 1, 500, 'grant.tokens_issued', '2026-03-01', true), -- the programme's own
			($1, 401, 410, 'grant.tokens_issued', '2025-12-31 23:59:59', true),
			($1, 411, 420, 'grant.tokens_issued', '2027-01-01', true),
			($1, 421, 430, 'grant.refresh_replayed', '2026-03-01', false),
			($1, 431, 440, 'grant.tokens_issued', '2026-03-01', false),
			($1, 441, 450, 'grant.tokens_issued', '2026-08-01', true) -- after its end
		) as e (app, first, last, kind, at, success) where i between e.first and e.last`,
	} {
		if _, err := b.db.From(t.Context()).Exec(t.Context(), years.Replace(statement), one, two, own); err != nil {
			t.Fatal(err)
		}
	}
	_, err := b.db.From(t.Context()).Exec(t.Context(), years.Replace(`update consents set revoked_at = '2026-07-31'
		where client_id = $1 and subject in (select i || $1 from generate_series(441, 450) i)`), one)
	must(t, err)
	must(t, b.clients.Disable(t.Context(), two, "sends data to a third party, criterion 3"))
	must(t, b.clients.Enable(t.Context(), two, ""))
	must(t, b.clients.Disable(t.Context(), own, "moved")) // members do not choose it
	shop, _ := b.partner(nil)
	must(t, b.clients.Disable(t.Context(), shop, "closed"))              // has no health data
	must(t, b.clients.Disable(t.Context(), one, "deleted by its owner")) // by the endpoint of dynamic registration
	must(t, b.clients.Enable(t.Context(), one, "deleted by its owner"))

	from := time.Date(year, 1, 1, 0, 0, 0, 0, time.UTC)
	got, err := b.clients.PatientAccess(t.Context(), from, from.AddDate(1, 0, 0))
	must(t, err)
	if len(got.Refused) != 2 || !got.Refused[0].Ended || got.Refused[0].ClientID != two || got.Refused[0].Reason != "sends data to a third party, criterion 3" || got.Refused[1].Ended {
		t.Errorf("refused: %+v, want the end of %s with its reason, and that it was given back", got.Refused, two)
	}
	got.Refused = nil
	name := func(id string) string {
		client, err := b.clients.Get(id)
		must(t, err)
		return client.Metadata.ClientName
	}
	want := provider.PatientAccess{Members: 400, MoreThanOnce: 351, MoreThanOneApp: 300, Apps: []provider.AppUse{{one, name(one), 400}, {two, name(two), 300}}}
	if !reflect.DeepEqual(got, want) {
		t.Errorf("PatientAccess = %+v, want %+v", got, want)
	}
	empty, err := b.clients.PatientAccess(t.Context(), from.AddDate(-3, 0, 0), from.AddDate(-2, 0, 0))
	if err != nil || empty.Members != 0 || empty.Apps == nil || empty.Refused == nil {
		t.Errorf("a year without apps: %+v, %v, want empty lists", empty, err)
	}
}
