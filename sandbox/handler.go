package sandbox

import (
	"errors"
	"net/http"
	"time"

	"github.com/gin-gonic/gin"

	"huskyidp/internal/web"
)

// Path is the page with the cards and the known accounts; MailPath is that of the mails, which cmd/idp mounts.
const (
	Path     = "/sandbox"
	MailPath = "/mailbox"
)

// Handler serves the page of the sandbox.
type Handler struct {
	service *Service
	web     *web.Web
}

// NewHandler needs both.
func NewHandler(s *Service, w *web.Web) (*Handler, error) {
	if s == nil || w == nil {
		return nil, errors.New("sandbox: the handler needs a service and a web")
	}
	return &Handler{s, w}, nil
}

// Mount adds the route.
func (h *Handler) Mount(r gin.IRouter) { h.web.Pages(r).GET(Path, h.web.Handle(h.show)) }

type page struct {
	Password, TOTPKey, Answer, MailPath string
	ResetAt                             time.Time // zero as long as there is no first state
	Accounts                            []shownAccount
	Cards                               []card
}

// shownAccount is a known account; Patient is its FHIR patient ID.
type shownAccount struct {
	Username, Case, Patient string
	card
}

func (h *Handler) show(c *gin.Context) error {
	ctx, s := c.Request.Context(), h.service
	p := page{Password: Password, TOTPKey: TOTPKey, Answer: Answer, MailPath: MailPath}
	var err error
	if p.ResetAt, err = s.ResetAt(ctx); err != nil {
		return err
	}
	var numbers []string
	for _, one := range people {
		numbers = append(numbers, one.Number)
	}
	ids, err := s.Roster.IDs(ctx, numbers)
	if err != nil {
		return err
	}
	for _, one := range people {
		p.Accounts = append(p.Accounts, shownAccount{one.Username, one.Case, ids[one.Number].String(), s.cards[one.Number]})
	}
	for _, number := range free {
		p.Cards = append(p.Cards, s.cards[number])
	}
	return h.web.Page(c, http.StatusOK, "sandbox/cards", p)
}
