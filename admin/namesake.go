package admin

import (
	"context"
	"errors"
	"net/http"
	"slices"
	"time"

	"github.com/gin-gonic/gin"
	"github.com/google/uuid"

	"huskyidp/internal/cardform"
	"huskyidp/internal/web"
	"huskyidp/members"
	"huskyidp/templates"
)

// Namesake is one of the people with the name and birth date that were searched for, masked.
type Namesake struct {
	ID           uuid.UUID
	MemberNumber string // its last three digits, "" once it was given to somebody else
	Status       string // as of Summary
	Ended        bool   // no longer on the roster
}

// namesakesShown is how many are told apart; of more only the number is told.
const namesakesShown = 5

// FindByName looks for members by exact name and birth date, for callers who have no number at hand. It counts as a search. Of more
// than namesakesShown only the number is returned. The error is *CardError, ErrForbidden, *LimitError, or the database's.
func (s *Service) FindByName(ctx context.Context, p Person, card members.Card) (found []Namesake, n int, err error) {
	claim, problems := cardform.Parse(card, s.now(), 9, s.roster)
	problems = slices.DeleteFunc(problems, func(p templates.Problem) bool { return p.Field == "card_id" || p.Field == "suffix" })
	if len(problems) > 0 {
		return nil, 0, &CardError{problems}
	}
	err = s.record(ctx, p, entry{act: FindName}, func(ctx context.Context, e *entry) error {
		if err := s.allow(p, FindName, nil); err != nil {
			return err
		}
		if err := s.take(ctx, lookups, p); err != nil {
			return err
		}
		all, err := s.roster.FindByName(ctx, claim.FirstName, claim.LastName, claim.BirthDate)
		if err != nil {
			return err
		}
		found, n = nil, len(all)
		e.data = map[string]string{"by": "name", "found": countWord(n)}
		if n > namesakesShown {
			return nil
		}
		for _, member := range all {
			u, err := s.ofMember(ctx, member)
			if err != nil {
				return err
			}
			if n == 1 {
				e.subject = u
			}
			found = append(found, Namesake{u.ID, tail(member.MemberNumber), statusOf(u), member.Ended})
		}
		return nil
	})
	return found, n, err
}

// statusOf is the status as shown to the desk.
func statusOf(u *Subject) string {
	if !u.hasAccount() {
		return "no_account"
	}
	if !u.Account.ClosedAt.IsZero() {
		return "closed"
	}
	return string(u.Account.Status)
}

// tail returns the last three digits of a number.
func tail(number string) string { return number[max(0, len(number)-3):] }

// searchName leads to the one member found, or shows the few of that name.
func (h *Console) searchName(c *gin.Context, v visit) error {
	card := cardform.Read(web.Form(c))
	found, n, err := h.service.FindByName(c.Request.Context(), v.Person, card)
	limit, isLimit := errors.AsType[*LimitError](err)
	wrong, isWrong := errors.AsType[*CardError](err)
	switch {
	case isLimit:
		return h.notFound(c, true, "", 0, http.StatusTooManyRequests, templates.Problem{Field: "first_name", Key: "admin.search.limit", Args: templates.Args{"time": limit.Wait}})
	case isWrong:
		return h.notFound(c, true, "", 0, http.StatusUnprocessableEntity, wrong.Problems...)
	case err != nil:
		return err
	case n == 1:
		return web.SeeOther(c, "/members/"+found[0].ID.String())
	case n == 0:
		return h.notFound(c, true, saidNone, 0, http.StatusOK)
	case found == nil:
		return h.notFound(c, true, saidMany, n, http.StatusOK)
	}
	return h.page(c, v, http.StatusOK, "admin/search", searchPage{MayName: v.may(FindName), ByName: true, Card: cardform.Clip(card), Found: found})
}

type nameBody struct {
	FirstName string `json:"first_name"`
	LastName  string `json:"last_name" doc:"all last names, as on the card"`
	BirthDate string `json:"birth_date" doc:"as 1984-03-14"`
}

type nameReply struct {
	Matches int             `json:"matches" doc:"of more than five only the number is given"`
	Members []namesakeReply `json:"members"`
}

type namesakeReply struct {
	ID           uuid.UUID `json:"id"`
	MemberNumber string    `json:"member_number_ends_in,omitempty"`
	Status       string    `json:"status" enum:"active disabled protected closed no_account"`
	Ended        bool      `json:"ended" doc:"no longer on the roster"`
}

func (h *API) searchName(c *gin.Context, p Person) error {
	var in nameBody
	if _, err := web.ReadJSON(c, &in); err != nil {
		return err
	}
	born, err := time.Parse(day, in.BirthDate)
	if err != nil {
		return Invalid{"birth_date": "format"}
	}
	found, n, err := h.service.FindByName(c.Request.Context(), p, members.Card{
		FirstName: in.FirstName, LastName: in.LastName, BirthYear: born.Format("2006"), BirthMonth: born.Format("1"), BirthDay: born.Format("2"),
	})
	if err != nil {
		return err
	}
	out := nameReply{Matches: n, Members: []namesakeReply{}}
	for _, one := range found {
		out.Members = append(out.Members, namesakeReply(one))
	}
	return reply(c, http.StatusOK, nil, out)
}
