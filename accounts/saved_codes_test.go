package accounts

import (
	"crypto/rand"
	"errors"
	"math"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"huskyidp/internal/seal"
)

// S-17: ten codes of more than 64 bits, hashed and shown once; each works once; a new
// list voids the old; wrong ones lock.
func TestSavedCodes(t *testing.T) {
	t.Parallel()
	f := newFixture(t, 1)
	account := f.register("maria")
	if _, err := f.MakeSavedCodes(f.ctx(), account.ID, ""); !errors.Is(err, ErrNoFactor) {
		t.Errorf("MakeSavedCodes without another factor = %v, want ErrNoFactor", err)
	}
	f.enrolTOTP(account)
	leave := f.fillSlots()
	hashes := f.hashes.Load()
	made, err := f.MakeSavedCodes(f.ctx(), account.ID, "")
	codes := made.Codes
	if err != nil || len(codes) != 10 {
		t.Fatalf("MakeSavedCodes while every hash slot is taken = %d codes, %v, want 10", len(codes), err)
	}
	for _, code := range codes {
		if bits := float64(len(strings.ReplaceAll(code, "-", ""))) * math.Log2(float64(len(savedLetters))); bits < 64 {
			t.Errorf("a code has %.0f bits, want 64", bits)
		}
		if n := f.count(`select count(*) from account_saved_codes where position(convert_to($1, 'utf8') in code_sealed) > 0`, strings.ReplaceAll(code, "-", "")); n != 0 {
			t.Error("a code is stored in the clear")
		}
	}
	if left, err := f.UseSavedCode(f.ctx(), account.ID, " "+strings.ToUpper(strings.ReplaceAll(codes[3], "-", " ")), false); err != nil || left != 9 {
		t.Errorf("UseSavedCode = %d, %v, want 9 left", left, err)
	}
	if n := f.hashes.Load() - hashes; n != 0 {
		t.Errorf("a list and a code cost %d slow hashes, want none", n)
	}
	leave()
	for _, typed := range []string{"", "abc", codes[4][:11], codes[4] + "x", "abcde+fghjk+mnpqr", strings.Repeat("-", 200)} {
		if _, err := f.UseSavedCode(f.ctx(), account.ID, typed, false); !errors.Is(err, ErrCodeFormat) {
			t.Errorf("UseSavedCode(%q) = %v, want ErrCodeFormat", typed, err)
		}
	}
	for _, typed := range []string{codes[3], strings.Repeat("a", 15), "abcde-fghjk-mnpq0"} {
		if _, err := f.UseSavedCode(f.ctx(), account.ID, typed, false); !errors.Is(err, ErrWrongCode) {
			t.Errorf("UseSavedCode(%q) = %v, want ErrWrongCode", typed, err)
		}
	}
	if left, err := f.UseSavedCode(f.ctx(), account.ID, codes[4], false); err != nil || left != 8 {
		t.Errorf("UseSavedCode of another = %d, %v, want 8 left", left, err)
	}
	made, err = f.MakeSavedCodes(f.ctx(), account.ID, "")
	fresh := made.Codes
	if err != nil {
		t.Fatal(err)
	}
	if _, err := f.UseSavedCode(f.ctx(), account.ID, codes[0], false); !errors.Is(err, ErrWrongCode) {
		t.Errorf("a code of the old list = %v, want ErrWrongCode", err)
	}
	if _, err := f.UseSavedCode(f.ctx(), account.ID, fresh[0], false); err != nil {
		t.Errorf("a code of the new list: %v", err)
	}
	if factors, err := f.Factors(f.ctx(), account.ID); err != nil || factors.SavedCodes != 9 {
		t.Errorf("Factors = %+v, %v, want 9 saved codes", factors, err)
	}
}

// S-17: of 32 uses of one code at once, one counts.
func TestSavedCodeRace(t *testing.T) {
	t.Parallel()
	f := newFixture(t, 16)
	account := f.register("maria")
	f.enrolTOTP(account)
	made, err := f.MakeSavedCodes(f.ctx(), account.ID, "")
	codes := made.Codes
	if err != nil {
		t.Fatal(err)
	}
	if n := race(32, func() bool { _, err := f.UseSavedCode(f.ctx(), account.ID, codes[0], false); return err == nil }); n != 1 {
		t.Errorf("%d of 32 uses of a saved code at once succeed, want 1", n)
	}
	// The same for tries that all have read the list as it was before.
	list, err := f.savedList(f.ctx(), account.ID)
	if err != nil {
		t.Fatal(err)
	}
	if n := race(32, func() bool { used, err := f.spendSaved(f.ctx(), account.ID, list[0]); return used && err == nil }); n != 1 {
		t.Errorf("%d of 32 tries that found a code spend it, want 1", n)
	}
}

// A list on paper that was made when codes had slow hashes still works, at one hash a code, and being busy costs no try.
func TestSavedCodesWithSlowHashes(t *testing.T) {
	t.Parallel()
	f := newFixture(t, 1)
	account := f.register("maria")
	f.enrolTOTP(account)
	if _, err := f.MakeSavedCodes(f.ctx(), account.ID, ""); err != nil {
		t.Fatal(err)
	}
	salt := make([]byte, saltSize)
	for n, code := range []string{"abcdefghjkmnpqr", "bcdefghjkmnpqrs"} {
		phc := encodePHC(f.hasher.params, salt, f.hasher.compute(code, salt, f.hasher.params))
		f.write(`update account_saved_codes set code_sealed = $3 where account_id = $1 and n = $2`, account.ID, n+1,
			f.keyring.Seal(seal.PepperCode, savedPlace(account.ID, n+1), []byte(phc)))
	}
	f.write(`delete from account_saved_codes where account_id = $1 and n > 2`, account.ID)
	leave := f.fillSlots()
	if _, err := f.UseSavedCode(f.ctx(), account.ID, "abcde-fghjk-mnpqr", false); !errors.Is(err, ErrBusy) {
		t.Errorf("UseSavedCode while every hash slot is taken = %v, want ErrBusy", err)
	}
	leave()
	if n := f.count(`select count(*) from factor_throttles`); n != 0 {
		t.Errorf("%d counts of wrong codes, want none", n)
	}
	hashes := f.hashes.Load()
	if _, err := f.UseSavedCode(f.ctx(), account.ID, "abcde-fghjk-mnpqs", false); !errors.Is(err, ErrWrongCode) {
		t.Errorf("UseSavedCode of a wrong code = %v, want ErrWrongCode", err)
	}
	if left, err := f.UseSavedCode(f.ctx(), account.ID, "bcdef-ghjkm-npqrs", false); err != nil || left != 1 {
		t.Errorf("UseSavedCode = %d, %v, want 1 left", left, err)
	}
	if n := f.hashes.Load() - hashes; n != 2 {
		t.Errorf("two codes cost %d slow hashes, want 2", n)
	}
}

// A code of a list that was replaced between the reading and the spending takes no code of the new one.
func TestSavedCodeOfAReplacedList(t *testing.T) {
	t.Parallel()
	f := newFixture(t, 1)
	account := f.register("maria")
	f.enrolTOTP(account)
	for range 2 {
		if _, err := f.MakeSavedCodes(f.ctx(), account.ID, ""); err != nil {
			t.Fatal(err)
		}
		list, err := f.savedList(f.ctx(), account.ID)
		if err != nil {
			t.Fatal(err)
		}
		f.later(time.Second)
		if _, err := f.MakeSavedCodes(f.ctx(), account.ID, ""); err != nil {
			t.Fatal(err)
		}
		if used, err := f.spendSaved(f.ctx(), account.ID, list[0]); used || err != nil {
			t.Errorf("spendSaved of the former list = %v, %v, want false", used, err)
		}
	}
}

// S-17: the form that made a list gets it again for a minute, once or at the same moment, and nothing is done twice; another form, and
// the same one later, make a list of which no code was seen before.
func TestSavedCodesSentAgain(t *testing.T) {
	t.Parallel()
	f := newFixture(t, 4)
	account := f.register("maria")
	f.enrolTOTP(account)
	const made = `select count(*) from audit_events where kind = 'saved_codes_made'`
	form := rand.Text()
	lists := make([]SavedCodeList, 3)
	var both sync.WaitGroup
	for i := range lists {
		if i == 2 {
			both.Wait()
			if _, err := f.UseSavedCode(f.ctx(), account.ID, lists[0].Codes[0], false); err != nil {
				t.Errorf("a code of the list: %v", err)
			}
			f.later(changedAgain - time.Second)
		}
		both.Go(func() {
			var err error
			if lists[i], err = f.MakeSavedCodes(f.ctx(), account.ID, form); err != nil {
				t.Error(err)
			}
		})
	}
	both.Wait()
	for _, list := range lists[1:] {
		if diff := cmp.Diff(lists[0], list); diff != "" {
			t.Errorf("sent again (-first +again):\n%s", diff)
		}
	}
	if n := f.count(made); n != 1 {
		t.Errorf("%d lists were made", n)
	}
	seen := map[string]bool{}
	for i, form := range []string{form, rand.Text(), form, "", "", "short"} {
		if i == 0 {
			f.later(time.Second)
		}
		list, err := f.MakeSavedCodes(f.ctx(), account.ID, form)
		if err != nil || len(list.Codes) != SavedCodeCount {
			t.Fatal(err)
		}
		for _, code := range append(list.Codes, lists[0].Codes[i]) {
			if seen[code] {
				t.Errorf("list %d: %s was shown before", i, code)
			}
			seen[code] = true
		}
		f.later(time.Second)
	}
	if n := f.count(made); n != 7 {
		t.Errorf("%d lists were made, want 7", n)
	}
}
