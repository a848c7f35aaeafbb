package recovery

import (
	"context"
	"encoding/base64"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"time"

	"github.com/gin-gonic/gin"
	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"huskyidp/accounts"
	"huskyidp/internal/audit"
	"huskyidp/internal/seal"
	"huskyidp/internal/web"
)

// An address set by support counts once its owner has confirmed it by a link that was sent only to that address (S-64).
// The link names the change and is valid while its address is on file.

// confirmLife is how long the link is valid.
const confirmLife = 10 * 24 * time.Hour

const (
	pathConfirm     = "/confirm-email"
	pathConfirmDone = pathConfirm + "/done"
)

func (s *Service) confirmLink(c Change) string {
	return s.issuer + pathConfirm + "?link=" + c.ID.String() + "." + base64.RawURLEncoding.EncodeToString(
		s.keyring.MAC(seal.PepperCode, []byte("recovery.confirm"), c.ID[:], []byte(c.Email)))
}

// errCutLink is ErrLink for a link that was garbled on its way: it was never one of ours.
var errCutLink = fmt.Errorf("%w: a part is missing", ErrLink)

// Confirmable returns the account whose address a link proves. The error is ErrLink, or the database's.
func (s *Service) Confirmable(ctx context.Context, link string) (accounts.Account, error) {
	text, mac, _ := strings.Cut(link, ".")
	id, err := uuid.Parse(text)
	sum, err2 := base64.RawURLEncoding.DecodeString(mac)
	if err != nil || err2 != nil || !seal.IsToken(mac) {
		return accounts.Account{}, errCutLink
	}
	found, err := s.store.changes(ctx, `id = @id and state = 'applied' and decided_at > @since`, pgx.NamedArgs{"id": id, "since": s.now().Add(-confirmLife)})
	if err != nil {
		return accounts.Account{}, err
	}
	if len(found) == 0 {
		return accounts.Account{}, ErrLink
	}
	c := found[0]
	if c.Act != ChangeEmail || !s.keyring.VerifyMAC(seal.PepperCode, sum, []byte("recovery.confirm"), id[:], []byte(c.Email)) {
		return accounts.Account{}, errCutLink
	}
	account, err := s.accounts.Get(ctx, c.AccountID)
	if err == nil && !accounts.SameEmail(account.Email, c.Email) {
		err = ErrLink
	}
	return account, err
}

// ConfirmEmail confirms the address for whoever holds the link. It may be called twice.
func (s *Service) ConfirmEmail(ctx context.Context, link string) error {
	account, err := s.Confirmable(ctx, link)
	if err != nil || account.EmailProven {
		return err
	}
	return s.db.InTx(ctx, func(ctx context.Context) error {
		b := &pgx.Batch{}
		s.accounts.QueueProveEmail(ctx, b, account.ID)
		s.audit.Queue(ctx, b, audit.Event{Kind: audit.EmailProven, At: s.now(), AccountID: account.ID.String(), RequestID: web.RequestID(ctx), Success: true})
		return s.db.Finish(ctx, b)
	})
}

type (
	confirmEmailPage struct{ Link, Username string }
	confirmedPage    struct{}
)

func (h *Handler) showConfirm(c *gin.Context) error {
	link := c.Query("link")
	h.web.LinkOpened(c)
	account, err := h.service.Confirmable(c.Request.Context(), link)
	if errors.Is(err, ErrLink) {
		return h.oldLink(c, errors.Is(err, errCutLink))
	}
	if err != nil {
		return err
	}
	return h.page(c, http.StatusOK, "recovery/confirm_email", confirmEmailPage{link, account.Username})
}

func (h *Handler) submitConfirm(c *gin.Context) error {
	err := h.service.ConfirmEmail(c.Request.Context(), web.Form(c).Get("link"))
	if errors.Is(err, ErrLink) {
		return h.oldLink(c, errors.Is(err, errCutLink))
	}
	if err != nil {
		return err
	}
	return h.toDone(c, pathConfirmDone)
}
