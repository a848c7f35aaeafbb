package admin

import (
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"

	"huskyidp/internal/audit"
	"huskyidp/internal/mail"
	"huskyidp/internal/outbound"
	"huskyidp/internal/postgres"
	"huskyidp/internal/ratelimit"
	"huskyidp/internal/seal"
	"huskyidp/partners"
)

// registry stands in for the clients, which cmd/idp adapts.
type registry struct {
	db    *postgres.DB
	fault *partners.Fault
	use   map[string]bool
}

func (r *registry) Check(context.Context, partners.App) (func(context.Context, string) error, error) {
	if r.fault != nil {
		return nil, r.fault
	}
	return func(ctx context.Context, id string) error {
		_, err := r.db.From(ctx).Exec(ctx, `insert into clients (client_id, metadata, created_at, updated_at) values ($1, '{}', now(), now())`, id)
		r.use[id] = true
		return err
	}, nil
}

func (r *registry) Client(_ context.Context, id string) (partners.Client, error) {
	c := partners.Client{ID: id, Name: "Mi Diario"}
	if !r.use[id] {
		c.DisabledAt = time.Now()
	}
	return c, nil
}

func (r *registry) RotateSecret(context.Context, string) (string, error) { return "", nil }

func (r *registry) SetKeys(context.Context, string, string, string) error { return nil }

func (r *registry) Errors(context.Context, string) ([]partners.RefusedRequest, error) {
	return nil, nil
}

func (r *registry) Complaints(context.Context, string) ([]partners.Complaint, error) {
	return []partners.Complaint{{Number: "019abc", Kind: "shared", Text: "Me llaman de otra empresa.", At: time.Date(2026, 12, 1, 13, 0, 0, 0, time.UTC)}}, nil
}

func (r *registry) Usage(context.Context, string) (partners.Usage, error) {
	return partners.Usage{}, nil
}

func (r *registry) SetUse(_ context.Context, id string, allow bool, _, _ string) (bool, error) {
	changed := r.use[id] != allow
	r.use[id] = allow
	return changed, nil
}

func (r *registry) Get(context.Context, string, string) (outbound.Answer, error) {
	return outbound.Answer{}, nil
}

func (d *desk) newPartners(db *postgres.DB, limiter *ratelimit.Limiter, log *audit.Log, outbox *mail.Outbox) *partners.Service {
	d.t.Helper()
	d.registry = &registry{db: db, use: map[string]bool{}}
	return must[*partners.Service](d.t)(partners.New(partners.Deps{DB: db, Keyring: d.keyring, Limiter: limiter, Audit: log, Outbox: outbox, Mails: d.set, Apps: d.registry, Fetcher: d.registry,
		Now: func() time.Time { return *d.instant.Load() }}))
}

// sentApp is a request that an organisation has sent.
func (d *desk) sentApp() uuid.UUID {
	d.t.Helper()
	ctx, id, organisation, person := d.t.Context(), uuid.Must(uuid.NewV7()), uuid.Must(uuid.NewV7()), uuid.Must(uuid.NewV7())
	form := must[[]byte](d.t)(json.Marshal(map[string]any{"Values": map[string]string{"name_en": "Mi Diario", "purpose": "Recetas"},
		"Criteria": []partners.Criterion{{Name: "policy", Met: false, Note: "https://diary.example/privacy"}, {Name: "rules", Met: true}}}))
	sealed := d.keyring.Seal(seal.PII, seal.Place{Table: "partner_applications", Column: "form_sealed", Row: id.String()}, form)
	email := d.keyring.Seal(seal.PII, seal.Place{Table: "partner_people", Column: "email_sealed", Row: person.String()}, []byte("eva@diary.example"))
	db := d.db.From(ctx)
	_, err := db.Exec(ctx, `insert into partner_organisations (id, name, created_at) values ($1, 'Diario S. A.', $2)`, organisation, d.now())
	if err == nil {
		_, err = db.Exec(ctx, `insert into partner_people (id, organisation_id, email_index, email_sealed, language, created_at) values ($1, $2, $3, $4, 'es', $5)`, person, organisation, person[:], email, d.now())
	}
	if err == nil {
		_, err = db.Exec(ctx, `insert into partner_applications (id, organisation_id, state, form_sealed, created_at, changed_at, sent_at) values ($1, $2, 'sent', $3, $4, $4, $4)`, id, organisation, sealed, d.now())
	}
	if err != nil {
		d.t.Fatal(err)
	}
	return id
}

// TestApps: the role partners takes a request, and decides what it has taken, once; the partner gets a letter, the book a line.
func TestApps(t *testing.T) {
	t.Parallel()
	d := newDesk(t, 1)
	ctx, id := t.Context(), d.sentApp()
	ana, eva := d.person("ana.socios", Partners), d.person("eva.socios", Partners)
	although := false
	change := func(p Person, act Act, version int, reason string) error {
		_, err := d.ChangeApp(ctx, p, nil, id, AppChange{act, version, reason, although})
		return err
	}
	const why = "Se cumplen todos los criterios."
	for _, role := range []Role{Read, Recover, Approve, Admin, Audit} {
		p := d.person("some-"+string(role), role)
		if err := change(p, TakeApp, 1, ""); !errors.Is(err, ErrForbidden) {
			t.Errorf("the role %s takes it: %v", role, err)
		}
	}
	if _, err := d.Look(ctx, ana, d.maria.ID); !errors.Is(err, ErrForbidden) {
		t.Errorf("the role partners sees a member: %v", err)
	}
	if err := change(ana, ApproveApp, 1, why); !errors.Is(err, ErrConflict) {
		t.Errorf("what nobody has taken is approved: %v", err)
	}
	if err := change(ana, TakeApp, 1, ""); err != nil {
		t.Fatal(err)
	}
	if err := change(eva, ApproveApp, 2, why); !errors.Is(err, ErrConflict) {
		t.Errorf("what a colleague has taken is approved: %v", err)
	}
	if err := change(ana, ApproveApp, 1, why); !errors.Is(err, ErrConflict) {
		t.Errorf("by an old page: %v", err)
	}
	invalid, _ := errors.AsType[Invalid](change(ana, ApproveApp, 2, "corto"))
	if invalid["reason"] != "reason_short" {
		t.Errorf("a short reason: %v", invalid)
	}
	d.registry.fault = &partners.Fault{Member: "client_name", Rule: "is the name of another app"}
	although = true
	if _, ok := errors.AsType[partners.Invalid](change(ana, ApproveApp, 2, why)); !ok {
		t.Error("an app that breaks a rule is approved")
	}
	d.registry.fault, although = nil, false
	invalid, _ = errors.AsType[Invalid](change(ana, ApproveApp, 2, why))
	if invalid["although"] != "not_met" {
		t.Errorf("with a criterion that is not met: %v", invalid)
	}
	although = true
	if err := change(ana, ApproveApp, 2, why); err != nil {
		t.Fatal(err)
	}
	if act, outcome := d.last(); act != "approve_app" || outcome != "done" {
		t.Errorf("the book says %s %s", act, outcome)
	}
	a, suspended, err := d.App(ctx, d.person("auditora", Audit), id)
	if err != nil || a.State != partners.Approved || a.Production == "" || suspended {
		t.Errorf("after the approval: %+v, %t, %v", a, suspended, err)
	}
	if err := change(eva, SuspendApp, a.Version, "Vende datos, criterio 3."); err != nil {
		t.Fatal(err)
	}
	if _, suspended, _ = d.App(ctx, eva, id); !suspended || d.registry.use[a.Production] {
		t.Error("it is not suspended")
	}
	if err := change(d.person("some-one", Admin), LetIn, a.Version, why); !errors.Is(err, ErrForbidden) {
		t.Errorf("the role admin lets a partner in: %v", err)
	}
	if err := change(ana, LetIn, a.Version, why); err != nil {
		t.Errorf("its only person is not let in: %v", err)
	}
	if err := change(ana, LetIn, a.Version, why); err != nil { // the link was lost
		t.Errorf("its only person is not let in once more: %v", err)
	}
	d.at(d.now().Add(6 * time.Minute))
	if err := change(eva, ResumeApp, a.Version, why); !errors.Is(err, ErrStepUp) {
		t.Errorf("with an old sign-in: %v", err)
	}
	var letters int
	if err := d.db.From(ctx).QueryRow(ctx, `select count(*) from mails where kind in ('partner_approved', 'partner_suspended')`).Scan(&letters); err != nil || letters != 2 {
		t.Errorf("%d letters, want 2: %v", letters, err)
	}
}

// TestAppPages: the list leads to a request, and the buttons do what they say; a role taken away a second ago is refused.
func TestAppPages(t *testing.T) {
	t.Parallel()
	v := newVisitor(t)
	id := v.sentApp()
	ana := v.person("ana.socios", Partners)
	v.enters(ana)
	if page := v.get("/apps").Body.String(); !strings.Contains(page, `href="/apps/`+id.String()+`"`) || !strings.Contains(page, `aria-current="page"`) {
		t.Fatalf("the list:\n%s", page)
	}
	path := "/apps/" + id.String()
	press := func(do, version, reason string) int {
		v.get(path)
		return v.send(http.MethodPost, path, url.Values{"csrf": {v.csrf}, "do": {do}, "version": {version}, "reason": {reason}, "key": {do + version + strconv.Itoa(len(reason))}}).Code
	}
	page := v.get(path).Body.String()
	for _, want := range []string{"https://diary.example/privacy", "Recetas", `id="take"`} {
		if !strings.Contains(page, want) {
			t.Errorf("the page lacks %q:\n%s", want, page)
		}
	}
	if status := press("take_app", "1", ""); status != http.StatusSeeOther {
		t.Fatalf("taking it = %d", status)
	}
	if status := press("refuse_app", "2", "x"); status != http.StatusUnprocessableEntity {
		t.Errorf("without a reason = %d", status)
	}
	if status := press("approve_app", "2", "Se cumplen los criterios."); status != http.StatusUnprocessableEntity {
		t.Errorf("with a criterion that is not met = %d", status)
	}
	if page := v.get(path).Body.String(); !strings.Contains(page, `id="although"`) {
		t.Errorf("the page does not ask:\n%s", page)
	}
	if status := press("refuse_app", "1", "El propósito no está claro."); status != http.StatusConflict {
		t.Errorf("by an old page = %d", status)
	}
	if err := v.SetRoles(t.Context(), ana.ID, []Role{Read}, "operator"); err != nil {
		t.Fatal(err)
	}
	v.get("/activity")
	w := v.send(http.MethodPost, path, url.Values{"csrf": {v.csrf}, "do": {"refuse_app"}, "version": {"2"}, "reason": {"El propósito no está claro."}, "key": {"late"}})
	if w.Code != http.StatusForbidden || !strings.Contains(w.Body.String(), "El propósito no está claro.") {
		t.Errorf("with a role taken away a second ago = %d:\n%s", w.Code, w.Body)
	}
}
