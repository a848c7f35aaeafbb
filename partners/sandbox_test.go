package partners

import (
	"context"
	"net/http"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/uuid"
)

// other is a sandbox: what is registered there, by client_id.
type other struct {
	mu      sync.Mutex
	clients map[string]App
	made    int
	away    bool
	fault   *Fault
	slow    atomic.Pointer[chan struct{}] // a registration waits for it
}

func (o *other) Issuer() string { return "https://sandbox.example" }

func (o *other) Register(ctx context.Context, a App) (SandboxClient, error) {
	if wait := o.slow.Load(); wait != nil {
		select {
		case <-*wait:
		case <-ctx.Done():
			return SandboxClient{}, ErrAway
		}
	}
	o.mu.Lock()
	defer o.mu.Unlock()
	switch {
	case o.away:
		return SandboxClient{}, ErrAway
	case o.fault != nil:
		return SandboxClient{}, o.fault
	}
	o.made++
	id := "tried" + strconv.Itoa(o.made)
	o.clients[id] = a
	return SandboxClient{ID: id, Secret: "secret of " + id, URI: o.Issuer() + "/" + id, Token: "token of " + id}, nil
}

func (o *other) known(c SandboxClient) error {
	if _, known := o.clients[c.ID]; !known || c.Token != "token of "+c.ID || c.URI == "" {
		return ErrNotFound
	}
	return nil
}

func (o *other) Update(_ context.Context, c SandboxClient, a App) error {
	o.mu.Lock()
	defer o.mu.Unlock()
	if o.away {
		return ErrAway
	}
	err := o.known(c)
	if err == nil {
		o.clients[c.ID] = a
	}
	return err
}

func (o *other) Delete(_ context.Context, c SandboxClient) error {
	o.mu.Lock()
	defer o.mu.Unlock()
	if o.away {
		return ErrAway
	}
	err := o.known(c)
	delete(o.clients, c.ID)
	return err
}

func newTried(t *testing.T) (*area, *other, *browser, string) {
	t.Helper()
	a, o := newArea(t), &other{clients: map[string]App{}}
	a.Sandbox = o
	eva := a.joins("eva@diary.example", "Diary")
	return a, o, eva, eva.asks()
}

func count(t *testing.T, a *area) int {
	t.Helper()
	return a.count(`select count(*) from partner_sandbox_clients`)
}

// An app is registered at the sandbox with what the form has, once, however often and how close together somebody presses; its secret is
// shown once.
func TestSandbox(t *testing.T) {
	t.Parallel()
	a, o, eva, request := newTried(t)
	eva.fills(request, Access, "redirect_uris", "https://diary.example/one\nhttps://diary.example/two")
	eva.fills(request, Data, "record", "launch/patient\npatient/Observation.rs")
	page := eva.get(request).Body.String()
	if !strings.Contains(page, `value="sandbox"`) || strings.Contains(page, `value="test"`) {
		t.Fatalf("the page offers\n%s", page)
	}
	id := uuid.MustParse(strings.TrimPrefix(request, "/requests/"))
	var secrets atomic.Int32
	var group sync.WaitGroup
	for range 4 {
		group.Go(func() {
			if secret, err := a.TrySandbox(t.Context(), eva.person(), id); err == nil && secret != "" {
				secrets.Add(1)
			}
		})
	}
	group.Wait()
	if secrets.Load() != 1 || o.made != 1 || count(t, a) != 1 {
		t.Fatalf("%d secrets, %d made, %d kept", secrets.Load(), o.made, count(t, a))
	}
	app := o.clients["tried1"]
	if len(app.RedirectURIs) != 2 || !strings.Contains(strings.Join(app.Scopes, " "), "launch/patient patient/Observation.rs") || app.Reviewed {
		t.Errorf("registered as %+v", app)
	}
	eva.shows(eva.post(request, "do", "sandbox"), http.StatusOK, `<code id="client-id">tried1</code>`, `<code id="issuer">https://sandbox.example</code>`)
	if o.made != 1 || strings.Contains(eva.get(request).Body.String(), "secret of") {
		t.Error("a second press makes another, or the secret is shown again")
	}
	if n := a.count(`select count(*) from partner_sandbox_clients where position('token of'::bytea in sealed) > 0`); n != 0 {
		t.Error("the registration token is not sealed")
	}

	eva.fills(request, Access, "redirect_uris", "https://diary.example/three")
	eva.shows(eva.get(request), http.StatusOK, `id="stale"`)
	eva.leads(eva.post(request, "do", "sandbox-update", "client", "tried1"), request+"?done=updated")
	if got := o.clients["tried1"].RedirectURIs; len(got) != 1 || got[0] != "https://diary.example/three" || strings.Contains(eva.get(request).Body.String(), `id="stale"`) {
		t.Errorf("updated to %v", got)
	}

	eva.shows(eva.post(request, "do", "sandbox-replace", "client", "tried1"), http.StatusOK, "secret of tried2", `<code id="client-id">tried2</code>`)
	eva.shows(eva.post(request, "do", "sandbox-replace", "client", "tried1"), http.StatusConflict, `<code id="client-id">tried2</code>`)
	if len(o.clients) != 1 || count(t, a) != 1 {
		t.Errorf("at the sandbox are %v", o.clients)
	}
	delete(o.clients, "tried2") // the sandbox was made anew
	eva.shows(eva.post(request, "do", "sandbox-replace", "client", "tried2"), http.StatusOK, "secret of tried3")
}

// A sandbox that is away, or that refuses, loses nothing; a registration that hangs is given up, and another one waits for its end.
func TestSandboxIsAway(t *testing.T) {
	t.Parallel()
	a, o, eva, request := newTried(t)
	eva.get(request)
	o.away = true
	eva.shows(eva.post(request, "do", "sandbox"), http.StatusFailedDependency, "does not answer right now", `value="sandbox"`)
	o.away, o.fault = false, &Fault{"redirect_uris", "is not https"}
	eva.shows(eva.post(request, "do", "sandbox"), http.StatusUnprocessableEntity, "is not https")
	if count(t, a) != 0 {
		t.Error("something is kept")
	}
	o.fault = nil
	wait := make(chan struct{})
	o.slow.Store(&wait)
	id := uuid.MustParse(strings.TrimPrefix(request, "/requests/"))
	first := make(chan error)
	go func() { _, err := a.TrySandbox(t.Context(), eva.person(), id); first <- err }()
	for deadline := time.Now().Add(time.Second); count(t, a) == 0 && time.Now().Before(deadline); time.Sleep(5 * time.Millisecond) {
	}
	eva.shows(eva.post(request, "do", "sandbox"), http.StatusConflict, "being registered right now")
	close(wait)
	if err := <-first; err != nil {
		t.Fatal(err)
	}
	o.away = true
	for _, do := range []string{"sandbox-update", "sandbox-replace"} {
		eva.shows(eva.post(request, "do", do, "client", "tried1"), http.StatusFailedDependency, "does not answer right now", "tried1")
	}
	a.Sandbox = nil
	if w := eva.post(request, "do", "sandbox"); w.Code != http.StatusNotFound {
		t.Errorf("without a sandbox: %d", w.Code)
	}
}

// Another organisation's request is a 404, and one without addresses says what is missing.
func TestSandboxIsOnesOwn(t *testing.T) {
	t.Parallel()
	a, o, _, request := newTried(t)
	ana := a.joins("ana@other.example", "Other")
	ana.get("/home")
	if w := ana.post(request, "do", "sandbox"); w.Code != http.StatusNotFound || o.made != 0 {
		t.Errorf("another's: %d", w.Code)
	}
	empty := strings.TrimSuffix(ana.post("/home").Header().Get("Location"), "/organisation")
	ana.get(empty)
	ana.shows(ana.post(empty, "do", "sandbox"), http.StatusConflict, "First fill in the part on addresses")
}
