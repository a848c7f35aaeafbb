package members

import (
	"testing"
	"time"
)

func FuzzParseCard(f *testing.F) {
	f.Add("3", "14", "1984", "María", "Núñez López", "JR", "004123789")
	f.Add("2", "31", "2027", "\u202e", "O’Neill, Jr.", "", "0041-23-789 ")
	f.Add("", "", "", "", "", "", "")
	now := time.Date(2026, 11, 24, 12, 0, 0, 0, time.UTC)
	f.Fuzz(func(t *testing.T, month, day, year, first, last, suffix, card string) {
		typed := Card{month, day, year, first, last, suffix, card}
		claim, wrong := typed.Parse(now, DefaultNumberFormat.Parse)
		fields := map[string]bool{}
		for _, p := range wrong {
			if fields[p.Field] || p.Kind == 0 {
				t.Errorf("field %q has two faults or one without a kind: %v", p.Field, wrong)
			}
			fields[p.Field] = true
		}
		if len(wrong) == 0 {
			if !claim.BirthDate.Valid() || DateOf(now).Before(claim.BirthDate) || claim.FirstName == "" || claim.LastName == "" || len(claim.MemberNumber) != 9 {
				t.Errorf("Parse of %+v = %+v without a problem", typed, claim)
			}
		}
	})
}
