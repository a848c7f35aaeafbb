package admin

import (
	"errors"
	"net/http"
	"slices"
	"strings"
	"testing"

	"huskyidp/members"
	"huskyidp/templates"
)

// TestOwnMailbox (S-63): nobody of the desk acts on an account whose codes reach their own mailbox: it is theirs, or their family's.
func TestOwnMailbox(t *testing.T) {
	t.Parallel()
	d := newDesk(t, 1)
	rosa := must[Person](t)(d.Who(t.Context(), d.rosa.ID, d.now()))
	rosa.Session = d.rosa.Session
	if err := d.people.ChangeEmail(t.Context(), d.maria.ID, strings.ToUpper(rosa.Email), true); err != nil {
		t.Fatal(err)
	}
	if _, err := d.Look(t.Context(), rosa, d.maria.ID); !errors.Is(err, ErrStaff) {
		t.Errorf("looked at: %v, want ErrStaff", err)
	}
	if _, err := d.Find(t.Context(), rosa, ByUsername, d.maria.Username); !errors.Is(err, ErrStaff) {
		t.Errorf("found: %v, want ErrStaff", err)
	}
	if _, err := d.Check(t.Context(), rosa, nil, d.maria.ID, SpokenCode, members.Card{}); !errors.Is(err, ErrStaff) {
		t.Errorf("a code to her own mailbox: %v, want ErrStaff", err)
	}
	eva := d.person("eva", Read, Recover)
	if _, err := d.Look(t.Context(), must[Person](t)(d.Who(t.Context(), eva.ID, d.now())), d.maria.ID); err != nil {
		t.Errorf("a colleague cannot help: %v", err)
	}
}

// TestSameAddress: a change to the address on file is nothing that a second person approves, or that the member is warned of.
func TestSameAddress(t *testing.T) {
	t.Parallel()
	d := newDesk(t, 1)
	d.verify(d.rosa, d.maria.ID, InPerson)
	ask := d.asking(d.maria.ID)
	ask.Email = strings.ToUpper(d.maria.Email)
	var invalid Invalid
	if _, err := d.Do(t.Context(), d.fresh(d.rosa), nil, d.maria.ID, ChangeEmail, ask); !errors.As(err, &invalid) || invalid["email"] != "same" {
		t.Errorf("the address on file: %v", err)
	}
}

// TestFactsOfTwoPages: a refused registration has a page of its own beside its card's, and a caller has three tries on both together.
func TestFactsOfTwoPages(t *testing.T) {
	t.Parallel()
	v := newVisitor(t)
	card := mariaCard
	card.FirstName = "Otra"
	found, _ := v.stuckWith(card)
	for _, first := range []string{"Ana", "Eva", "Ida"} {
		card.FirstName = first
		must[Verification](t)(v.Check(t.Context(), v.rosa, nil, found.ID, Facts, card))
	}
	var limit *LimitError
	if _, err := v.Check(t.Context(), v.rosa, nil, v.maria.ID, Facts, mariaCard); !errors.As(err, &limit) || limit.Limit != factTries.Name {
		t.Errorf("a fourth try on the other page: %v", err)
	}
	if kinds := v.seen(v.rosa, v.maria.ID).Obstacles; !slices.ContainsFunc(kinds, func(o Obstacle) bool { return o.Kind == "lock_facts" }) {
		t.Errorf("the page of the card does not say that the tries are used: %+v", kinds)
	}
	v.enters(v.rosa)
	other := newVisitor(t) // the other way round: used up on the page of the card, typed on that of the registration
	refused, _ := other.stuckWith(card)
	for _, first := range []string{"Ana", "Eva", "Ida"} {
		card.FirstName = first
		must[Verification](t)(other.Check(t.Context(), other.rosa, nil, other.maria.ID, Facts, card))
	}
	other.enters(other.rosa)
	path := "/members/" + refused.ID.String() + "/verify"
	w := other.post(path, "method", "facts", "do", "save", "key", other.value(other.get(path), "key"), "birth_month", card.BirthMonth, "birth_day", card.BirthDay,
		"birth_year", card.BirthYear, "first_name", "Maria Jose", "last_name", card.LastName, "card_id", card.CardID)
	until := other.text("admin.verify.closed", templates.Args{"datetime": other.now().Add(factTries.Per)})
	if w.Code != http.StatusUnprocessableEntity || !strings.Contains(w.Body.String(), until) {
		t.Errorf("%d without %q:\n%s", w.Code, until, w.Body)
	}
	if code, body, _ := v.verifies("method", "facts", "do", "save"); code != http.StatusUnprocessableEntity || !strings.Contains(body, `id="closed"`) {
		t.Errorf("%d\n%s", code, body)
	}
}
