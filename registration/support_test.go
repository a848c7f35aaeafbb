package registration

import (
	"errors"
	"net/http"
	"slices"
	"testing"
	"time"

	"github.com/google/uuid"
)

// Support sees which fields differ and when the lock ends, under the reference and under the number; never a value.
func TestStuck(t *testing.T) {
	t.Parallel()
	s := newSite(t, 1)
	b := s.browser().toPersonal()
	for day := 15; day < 18; day++ {
		b.post(with(mariaBorn(day), "last_name", "Nuñez")...)
	}
	b.on("/register/locked", http.StatusForbidden)
	reference := s.reference(b)
	stuck, err := s.service.StuckAs(t.Context(), reference)
	if err != nil {
		t.Fatalf("StuckAs: %v", err)
	}
	if !stuck.Locked || !stuck.LockedUntil.Equal(s.now().Add(24*time.Hour)) || stuck.MemberID != uuid.Nil || stuck.Reference != reference {
		t.Errorf("StuckAs = %+v", stuck)
	}
	if want := []string{"last_name", "birth_date"}; !slices.Equal(stuck.Differs, want) {
		t.Errorf("Differs = %v, want %v", stuck.Differs, want)
	}
	s.later(time.Minute)
	other := s.browser() // meets the lock with the right card, and has nothing that differs
	other.source = "198.51.100.7:1"
	other.toPersonal().post(maria...).on("/register/locked", http.StatusForbidden)
	if again, err := s.service.StuckAs(t.Context(), reference); err != nil || !slices.Equal(again.Differs, stuck.Differs) {
		t.Errorf("StuckAs after another browser = %+v, %v", again, err)
	}
	if byID, err := s.service.StuckAt(t.Context(), stuck.ID); err != nil || byID.Reference != reference {
		t.Errorf("StuckAt = %+v, %v", byID, err)
	}
	if card, err := s.service.CardLock(t.Context(), "004123789"); err != nil || card.ID != stuck.ID || !card.Locked {
		t.Errorf("CardLock = %+v, %v", card, err)
	}
	if _, err := s.service.CardLock(t.Context(), "118204437"); !errors.Is(err, ErrNothing) {
		t.Errorf("CardLock of another card = %v, want ErrNothing", err)
	}
	s.later(25 * time.Hour)
	if card, err := s.service.CardLock(t.Context(), "004123789"); !errors.Is(err, ErrNothing) {
		t.Errorf("CardLock after its end = %+v, %v, want ErrNothing", card, err)
	}
	if _, err := s.service.StuckAs(t.Context(), "H7K-2QD-9MW"); !errors.Is(err, ErrNothing) {
		t.Errorf("StuckAs nobody's reference = %v, want ErrNothing", err)
	}
}

// A match forgets what differed before; an unknown number is named alone, as is one that ended.
func TestStuckOnTheNumber(t *testing.T) {
	t.Parallel()
	s := newSite(t, 1)
	b := s.browser().toPersonal()
	b.post(with(maria, "card_id", "999999999", "first_name", "Eva")...)
	var id uuid.UUID
	if err := s.db.From(t.Context()).QueryRow(t.Context(), `select id from registrations`).Scan(&id); err != nil {
		t.Fatal(err)
	}
	if stuck, err := s.service.StuckAt(t.Context(), id); err != nil || !slices.Equal(stuck.Differs, []string{"member_number"}) || stuck.Locked {
		t.Errorf("StuckAt = %+v, %v", stuck, err)
	}
	b.post(maria...).on("/register/credentials", 200)
	if stuck, err := s.service.StuckAt(t.Context(), id); err != nil || len(stuck.Differs) != 0 || stuck.MemberID == uuid.Nil {
		t.Errorf("StuckAt after the match = %+v, %v", stuck, err)
	}
}
