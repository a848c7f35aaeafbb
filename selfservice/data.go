package selfservice

import (
	"encoding/base64"
	"encoding/json"
	"net/http"
	"time"

	"github.com/gin-gonic/gin"
	"github.com/google/uuid"

	"huskyidp/accounts"
	"huskyidp/internal/audit"
	"huskyidp/internal/seal"
	"huskyidp/internal/web"
	"huskyidp/templates"
)

// ownData is what is stored about a member's account, as a file and as a page. It holds no secret, and nothing about
// another person: of the desk it says what was done, not by whom.
type ownData struct {
	MadeAt     time.Time      `json:"made_at"`
	Account    ownAccount     `json:"account"`
	Card       *ownCard       `json:"card,omitempty"` // absent if the roster no longer has the member
	Factors    []ownFactor    `json:"second_steps"`
	Held       []ownHeld      `json:"changes_on_hold"`
	Accepted   []ownAccepted  `json:"accepted"`
	Sessions   []ownSession   `json:"open_sessions"`
	Remembered []ownDevice    `json:"remembered_devices"`
	Apps       []ownApp       `json:"apps"`
	Launches   []ownLaunch    `json:"app_launches,omitempty"`
	Complaints []ownComplaint `json:"app_complaints,omitempty"`
	History    []ownEvent     `json:"history"`
	OlderEvent bool           `json:"history_has_older_events"`
}

type ownAccount struct {
	Subject        string     `json:"identifier"`
	Username       string     `json:"username"`
	Email          string     `json:"email"`
	EmailProven    bool       `json:"email_proven"`
	Language       string     `json:"language"`
	SecretQuestion string     `json:"secret_question,omitempty"` // in words; the answer cannot be read
	CreatedAt      time.Time  `json:"created_at"`
	LastSignInAt   *time.Time `json:"last_sign_in_at,omitempty"`
}

type ownCard struct {
	Name         string         `json:"name"`
	BirthDate    string         `json:"birth_date,omitempty"`
	MemberNumber string         `json:"client_id_number,omitempty"`
	Birth        templates.Date `json:"-"`
}

type ownFactor struct {
	Kind     accounts.Factor `json:"kind"`
	Label    string          `json:"label,omitempty"`
	Left     int             `json:"codes_left,omitempty"`
	Since    time.Time       `json:"since"`
	LastUsed *time.Time      `json:"last_used_at,omitempty"`
}

type ownComplaint struct {
	Number string    `json:"number"`
	App    string    `json:"app"`
	Kind   string    `json:"about"` // in words
	Text   string    `json:"text,omitempty"`
	At     time.Time `json:"at"`
}

type ownHeld struct {
	Act     string    `json:"change"`
	AskedAt time.Time `json:"asked_at"`
	ApplyAt time.Time `json:"applies_at"`
}

type ownAccepted struct {
	Kind     string    `json:"kind"`
	Version  string    `json:"version"`
	Language string    `json:"language"`
	At       time.Time `json:"accepted_at"`
}

type ownSession struct {
	Browser  string    `json:"browser,omitempty"`
	System   string    `json:"system,omitempty"`
	Since    time.Time `json:"signed_in_at"`
	LastSeen time.Time `json:"last_used_at"`
}

type ownDevice struct {
	Browser  string    `json:"browser,omitempty"`
	System   string    `json:"system,omitempty"`
	Until    time.Time `json:"until"`
	LastUsed time.Time `json:"last_used_at"`
}

type ownApp struct {
	accounts.ConnectedApp `json:"-"`
	Receipt               string     `json:"receipt"`
	Name                  string     `json:"name"`
	Operator              string     `json:"operator,omitempty"`
	Own                   bool       `json:"of_the_programme"`
	Sees                  []string   `json:"may_see"` // in words
	GrantedAt             time.Time  `json:"allowed_at"`
	ExpiresAt             *time.Time `json:"ends_at,omitempty"` // absent: until the member stops it
	LastUsed              *time.Time `json:"last_used_at,omitempty"`
}

type ownLaunch struct {
	App  string          `json:"app"`
	At   time.Time       `json:"at"`
	With json.RawMessage `json:"opened_with"`
}

type ownEvent struct {
	At      time.Time    `json:"at"`
	Kind    audit.Kind   `json:"kind"`
	Words   string       `json:"words"`
	Browser string       `json:"browser,omitempty"`
	System  string       `json:"system,omitempty"`
	Entry   historyEntry `json:"-"`
}

// dataPage offers the data; with Data it shows them. It does so until another page is opened, so that a reload, another language
// and Back find a page. Tells reports that the owner is notified of it.
type dataPage struct {
	Data  *ownData
	Tells bool
}

const shownDataAge = 10 * time.Minute

// shownData is the mark of a session in which the data are shown.
func shownData(n accounts.Session) string {
	return base64.RawURLEncoding.EncodeToString(seal.Digest(n.SID))
}

func (h *Handler) showData(c *gin.Context) error {
	session, ok, err := h.RequireFresh(c, accounts.Fresh)
	if !ok {
		return err
	}
	var page dataPage
	if h.web.Cookie(c, web.OwnDataCookie) == shownData(session) {
		page.Data, err = h.ownData(c, session)
	} else {
		page.Tells, err = h.service.TellsOfData(c.Request.Context(), session)
	}
	if err != nil {
		return err
	}
	return h.page(c, http.StatusOK, "data", session, page)
}

// giveData answers with a file, or has the page show the data.
func (h *Handler) giveData(c *gin.Context) error {
	session, ok, err := h.RequireFresh(c, accounts.Fresh)
	if !ok {
		return err
	}
	if err := h.service.DataTaken(c.Request.Context(), session); err != nil {
		return err
	}
	if web.Form(c).Get("as") != "file" || web.Kiosk(c) { // a file would stay
		h.web.SetCookie(c, web.OwnDataCookie, shownData(session), shownDataAge)
		return web.SeeOther(c, "/account/data")
	}
	data, err := h.ownData(c, session)
	if err != nil {
		return err
	}
	text, err := json.MarshalIndent(data, "", "  ")
	if err != nil {
		return err
	}
	c.Header("Content-Disposition", `attachment; filename="husky-account.json"`)
	c.Header("Cache-Control", "no-store")
	c.Data(http.StatusOK, "application/json; charset=utf-8", append(text, '\n'))
	return nil
}

func (h *Handler) ownData(c *gin.Context, session accounts.Session) (*ownData, error) {
	ctx, id := c.Request.Context(), session.AccountID
	account, err := h.service.Get(ctx, id)
	if err != nil {
		return nil, err
	}
	d := &ownData{MadeAt: h.now(), Account: ownAccount{account.Subject, account.Username, account.Email, account.EmailProven, account.Language, "", account.CreatedAt, given(account.LastSignInAt)}}
	card, err := h.card(c, account.MemberID)
	if err != nil {
		return nil, err
	}
	if born := card.BirthDate; card.ID != uuid.Nil {
		d.Card = &ownCard{Name: templates.PersonName(card.Name()), BirthDate: born.String(), Birth: templates.Date(born), MemberNumber: card.MemberNumber}
	}
	questions, err := h.service.Questions(ctx, id)
	if err != nil {
		return nil, err
	}
	for _, question := range questions {
		d.Account.SecretQuestion = h.web.Text(c, "question.bank."+question, nil)
	}
	factors, err := h.service.EnrolledFactors(ctx, id)
	if err != nil {
		return nil, err
	}
	for _, f := range factors {
		d.Factors = append(d.Factors, ownFactor{f.Factor, f.Label, f.Left, f.Since.UTC(), given(f.LastUsed)})
	}
	if h.changes != nil {
		held, err := h.changes.Held(ctx, id)
		if err != nil {
			return nil, err
		}
		for _, change := range held {
			d.Held = append(d.Held, ownHeld{change.Act, change.AskedAt, change.ApplyAt})
		}
	}
	accepted, err := h.service.AcceptedTexts(ctx, id)
	if err != nil {
		return nil, err
	}
	for _, text := range accepted {
		text.At = text.At.UTC()
		d.Accepted = append(d.Accepted, ownAccepted(text))
	}
	sessions, err := h.service.OpenSessions(ctx, id, session.SID)
	if err != nil {
		return nil, err
	}
	for _, s := range sessions {
		d.Sessions = append(d.Sessions, ownSession{s.Browser, s.System, s.AuthTime.UTC(), s.LastSeenAt.UTC()})
	}
	remembered, err := h.service.RememberedBrowsers(ctx, id, "")
	if err != nil {
		return nil, err
	}
	for _, r := range remembered {
		d.Remembered = append(d.Remembered, ownDevice{r.Browser, r.System, r.ExpiresAt.UTC(), r.LastUsedAt.UTC()})
	}
	apps, err := h.connected(c, session)
	if err != nil {
		return nil, err
	}
	for _, app := range apps {
		d.Apps = append(d.Apps, h.ownApp(c, app))
	}
	if h.apps != nil {
		launches, err := h.apps.Launches(ctx, id)
		if err != nil {
			return nil, err
		}
		for _, l := range launches {
			d.Launches = append(d.Launches, ownLaunch(l))
		}
		complaints, err := h.apps.Complaints(ctx, id)
		if err != nil {
			return nil, err
		}
		for _, said := range complaints {
			d.Complaints = append(d.Complaints, ownComplaint{said.ID.String(), said.App, h.web.Text(c, "accounts.complaint."+said.Kind, nil), said.Text, said.At})
		}
	}
	return d, h.addHistory(c, session, d)
}

func (h *Handler) ownApp(c *gin.Context, app accounts.ConnectedApp) ownApp {
	own := ownApp{app, app.ID.String(), app.Name, app.Operator, app.Own, nil, app.GrantedAt.UTC(), given(app.ExpiresAt), given(app.LastUsed)}
	for _, seen := range app.Sees {
		words := h.web.Text(c, "scope."+seen.Key+".label", templates.Args{"name": seen.Name})
		if seen.Changes {
			words = h.web.Text(c, "scope.access.write", nil) + ": " + words
		}
		own.Sees = append(own.Sees, words)
	}
	return own
}

func (h *Handler) addHistory(c *gin.Context, session accounts.Session, d *ownData) error {
	list, more, err := h.service.FullHistory(c.Request.Context(), session.AccountID)
	for _, e := range list {
		entry := historyEntry{Key: eventKey(e), App: e.App(web.Lang(c)), Act: actKey(e), At: e.At}
		args := templates.Args{"app": entry.App, "act": ""}
		if entry.Act != "" {
			args["act"] = templates.Key(entry.Act)
		}
		d.History = append(d.History, ownEvent{e.At.UTC(), e.Kind, h.web.Text(c, entry.Key, args), e.Browser, e.System, entry})
	}
	d.OlderEvent = more
	return err
}

// given returns nil for the zero time.
func given(at time.Time) *time.Time {
	if at.IsZero() {
		return nil
	}
	at = at.UTC()
	return &at
}
