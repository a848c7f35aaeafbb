package members

import (
	"bytes"
	"testing"

	"github.com/google/uuid"

	"huskyidp/internal/postgres"
)

// namedAlike counts the members that FindByName returns, and checks that all have that name.
func (f fixture) namedAlike(t *testing.T, first, last string, born Date) int {
	t.Helper()
	found, err := f.FindByName(t.Context(), first, last, born)
	if err != nil {
		t.Fatalf("FindByName: %v", err)
	}
	for _, m := range found {
		if fold(m.FirstName) != fold(first) || m.BirthDate != born {
			t.Errorf("FindByName(%s %s) has %s, born %s", first, last, m.Name(), m.BirthDate)
		}
	}
	return len(found)
}

// Staff who were not told a number find a member by name and birth date, typed as on the form.
func TestFindByName(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	const nuñez = "900000630,MARÍA JOSÉ,NÚÑEZ PAZ,JR,1984-05-17,A,,\n"
	f.load(t, header+anak+noah+nuñez+"900000631,MARIA JOSE,NUNEZ-PAZ,,1984-05-17,B,,\n")
	born := Date{1984, 5, 17}
	for name, test := range map[string]struct {
		first, last string
		born        Date
		want        int
	}{
		"as on the card":      {"MARÍA JOSÉ", "NÚÑEZ PAZ", born, 2},
		"without accents":     {"maria  jose", "Nunez Paz", born, 2},
		"with the suffix":     {"Maria Jose", "Nuñez Paz Jr.", born, 2},
		"one surname":         {"Maria Jose", "Nuñez", born, 0},
		"another day":         {"Maria Jose", "Nuñez Paz", Date{1984, 5, 18}, 0},
		"the other way round": {"Nuñez Paz", "Maria Jose", born, 0},
		"nothing":             {"", "", Date{}, 0},
		"no letters":          {"-", "'", born, 0},
	} {
		if got := f.namedAlike(t, test.first, test.last, test.born); got != test.want {
			t.Errorf("%s: %d members, want %d", name, got, test.want)
		}
	}
	// Another name, and an end, by the next file.
	f.load(t, header+anak+noah+"900000630,MARÍA JOSÉ,SOTO PAZ,JR,1984-05-17,A,,\n"+"900000631,MARIA JOSE,NUNEZ-PAZ,,1984-05-17,C,,\n")
	if a, b := f.namedAlike(t, "Maria Jose", "Soto Paz", born), f.namedAlike(t, "Maria Jose", "Nuñez Paz", born); a != 1 || b != 1 {
		t.Errorf("after one was renamed: %d by the new name and %d by the former, want one of each", a, b)
	}
	found, err := f.FindByName(t.Context(), "Anak", "Ruiz", Date{1984, 3, 14})
	if err != nil || len(found) != 1 || found[0].MemberNumber != "900000610" {
		t.Errorf("FindByName = %+v, %v, want the member 900000610", found, err)
	}
}

// Rows of a release without the digest get it with the next file, also those that the file does not name or change.
func TestIdentityOfFormerRows(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	const leo = "900000619,LEO,SOL,,1990-01-01,A,,\n"
	f.load(t, header+anak+noah+leo)
	if _, err := f.db.From(t.Context()).Exec(t.Context(), `UPDATE members SET identity_mac = NULL`); err != nil {
		t.Fatal(err)
	}
	broken, err := f.Find(t.Context(), "900000619")
	if err != nil {
		t.Fatal(err)
	}
	if _, err := f.db.From(t.Context()).Exec(t.Context(), `UPDATE members SET sealed = '\x00' WHERE id = $1`, broken.ID); err != nil {
		t.Fatal(err)
	}
	if n := f.namedAlike(t, "Anak", "Ruiz", Date{1984, 3, 14}); n != 0 {
		t.Fatalf("%d rows found without a digest", n)
	}
	f.load(t, file834(set834("2", insNoah))) // names one of them, and changes nothing
	if n := f.namedAlike(t, "Anak", "Ruiz", Date{1984, 3, 14}); n != 1 {
		t.Errorf("%d members found after an import, want 1", n)
	}
	if n := f.count(t, `SELECT count(*) FROM members WHERE identity_mac IS NULL`); n != 1 {
		t.Errorf("%d rows without a digest, want the one that cannot be opened", n)
	}
}

// The digest is keyed, and of what is compared alone.
func TestIdentityMAC(t *testing.T) {
	t.Parallel()
	f, other := newFixture(t), newFixture(t)
	who := record{FirstName: "Ana", LastName: "Núñez Paz", Suffix: "JR", BirthDate: Date{1984, 5, 17}}
	same := record{FirstName: "ANA", LastName: "NUNEZ-PAZ JR", BirthDate: Date{1984, 5, 17}}
	moved := record{FirstName: "ANAN", LastName: "UNEZ-PAZ JR", BirthDate: Date{1984, 5, 17}}
	mac := f.identityMAC(who.identity())
	switch {
	case !bytes.Equal(mac, f.identityMAC(same.identity())):
		t.Error("another spelling has another digest")
	case bytes.Equal(mac, f.identityMAC(moved.identity())):
		t.Error("a letter moved from one name to the other keeps the digest")
	case bytes.Equal(mac, other.identityMAC(who.identity())):
		t.Error("another key gives the same digest")
	case bytes.Equal(mac, f.numberMACs("900000610")[0]) || len(mac) != 32:
		t.Errorf("the digest is %x", mac)
	}
	if _, err := f.db.From(t.Context()).Exec(t.Context(), `INSERT INTO members VALUES ($1, $2, $2, '', NULL, now(), now(), NULL, 'x')`, uuid.New(), mac); postgres.Violated(err) != "members_identity_mac_size" {
		t.Errorf("a digest of another size: %v, want a violation of members_identity_mac_size", err)
	}
}
