package accounts

import (
	"bytes"
	"cmp"
	"context"
	"crypto/rand"
	"crypto/subtle"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"huskyidp/internal/audit"
	"huskyidp/internal/seal"
	"huskyidp/internal/web"
)

const (
	SavedCodeCount = 10
	savedCodeSize  = 15 // letters, 74 bits (S-17)
	savedCodeGroup = 5  // shown with a dash between
	// savedLetters omits characters that are easily confused: i, l, o, 0 and 1.
	savedLetters = "abcdefghjkmnpqrstuvwxyz23456789"
)

func savedPlace(account uuid.UUID, n int) seal.Place {
	return seal.Place{Table: "account_saved_codes", Column: "code_sealed", Row: account.String() + "/" + strconv.Itoa(n)}
}

func savedParts(account uuid.UUID, code string) [][]byte {
	return [][]byte{[]byte("saved code"), account[:], []byte(code)}
}

// savedCodes derives a list, without dashes, from the token of the form that asks for it: the form, sent again, gets the same. They are
// as random as the token, and only the service can derive them.
func (s *Service) savedCodes(account uuid.UUID, form string, made time.Time) []string {
	codes := make([]string, SavedCodeCount)
	for n := range codes {
		for block := 0; len(codes[n]) < savedCodeSize; block++ {
			place := fmt.Sprintf("%d %d %d", made.UnixMicro(), n, block)
			for _, raw := range s.keyring.MAC(seal.TokenMAC, []byte("list of saved codes"), account[:], []byte(form), []byte(place)) {
				if i := int(raw & 31); i < len(savedLetters) && len(codes[n]) < savedCodeSize { // all equally likely
					codes[n] += savedLetters[i : i+1]
				}
			}
		}
	}
	return codes
}

// showSavedCode groups a code for readability.
func showSavedCode(code string) string {
	var groups []string
	for ; len(code) > savedCodeGroup; code = code[savedCodeGroup:] {
		groups = append(groups, code[:savedCodeGroup])
	}
	return strings.Join(append(groups, code), "-")
}

// ParseSavedCode reads a code as typed, regardless of case and separators. The error is ErrCodeFormat for anything that has not as many
// letters and digits, and ErrWrongCode for a letter or digit that no code has.
func ParseSavedCode(typed string) (string, error) {
	if len(typed) > 128 {
		return "", ErrCodeFormat
	}
	code := strings.ToLower(BareCode(typed))
	other := func(r rune) bool { return !unicode.IsLetter(r) && !unicode.IsDigit(r) }
	if utf8.RuneCountInString(code) != savedCodeSize || strings.ContainsFunc(code, other) {
		return "", ErrCodeFormat
	}
	if strings.Trim(code, savedLetters) != "" {
		return "", ErrWrongCode
	}
	return code, nil
}

// SavedCodeList is a list that was just made; the database identifies it by its time.
type SavedCodeList struct {
	Codes []string  `json:"codes"`
	Made  time.Time `json:"made"`
}

// MakeSavedCodes makes a new list and voids the one before. The codes are returned to be shown once; form is the token of the page
// that asks for them, and if that has just made the list it is returned again. The error is ErrNoFactor if there is no other
// second step, or the database's.
//
// It stores a keyed digest of each code, not a slow hash: nobody guesses 74 random bits (S-17), and ten slow hashes would
// delay everybody else's sign-in.
func (s *Service) MakeSavedCodes(ctx context.Context, accountID uuid.UUID, form string) (list SavedCodeList, err error) {
	if len(form) != len(rand.Text()) {
		form = rand.Text()
	}
	now := s.now().Truncate(time.Microsecond)
	err = s.db.InTx(ctx, func(ctx context.Context) error {
		made, err := s.madeBy(ctx, accountID, form)
		if err != nil {
			return err
		}
		list = s.savedCodeList(accountID, form, cmp.Or(made, now))
		if !made.IsZero() {
			return nil
		}
		return s.keepSavedCodes(ctx, accountID, list)
	})
	return list, err
}

func (s *Service) savedCodeList(account uuid.UUID, form string, made time.Time) SavedCodeList {
	codes := s.savedCodes(account, form, made)
	for n, code := range codes {
		codes[n] = showSavedCode(code)
	}
	return SavedCodeList{codes, made}
}

// madeBy returns when the form made the list of the account, zero if it did not, or not just now. A form sent at the same moment
// waits.
func (s *Service) madeBy(ctx context.Context, account uuid.UUID, form string) (made time.Time, err error) {
	if err := s.Lock(ctx, account); err != nil {
		return made, err
	}
	var sealed []byte
	err = s.db.From(ctx).QueryRow(ctx, `select made_at, code_sealed from account_saved_codes where account_id = $1 and n = 1 and made_at > $2`, account, s.now().Add(-changedAgain)).Scan(&made, &sealed)
	if errors.Is(err, pgx.ErrNoRows) {
		return time.Time{}, nil
	}
	if err != nil {
		return made, fmt.Errorf("reading saved codes: %w", err)
	}
	digest, err := s.keyring.Open(seal.PepperCode, savedPlace(account, 1), sealed)
	if err != nil || !s.keyring.VerifyMAC(seal.TokenMAC, digest, savedParts(account, s.savedCodes(account, form, made)[0])...) {
		return time.Time{}, err
	}
	return made.UTC(), nil
}

func (s *Service) keepSavedCodes(ctx context.Context, accountID uuid.UUID, list SavedCodeList) error {
	sealed := make([][]byte, len(list.Codes))
	for n, code := range list.Codes {
		sealed[n] = s.keyring.Seal(seal.PepperCode, savedPlace(accountID, n+1), s.keyring.MAC(seal.TokenMAC, savedParts(accountID, BareCode(code))...))
	}
	b := &pgx.Batch{}
	s.queueSuperseded(b, accountID)
	s.store.dropSaved(b, accountID)
	b.Queue(`
		insert into account_saved_codes (account_id, n, code_sealed, made_at)
		select @account_id, n, code, @now from unnest(@codes::bytea[]) with ordinality as t (code, n)
		where exists (select from account_totp where account_id = @account_id and confirmed_at is not null)
			or exists (select from account_passkeys where account_id = @account_id)
		returning n`, pgx.NamedArgs{"account_id": accountID, "codes": sealed, "now": list.Made}).
		Query(func(rows pgx.Rows) error {
			made, err := pgx.CollectRows(rows, pgx.RowTo[int])
			if err == nil && len(made) == 0 {
				err = ErrNoFactor
			}
			return err
		})
	s.audit.Queue(ctx, b, audit.Event{Kind: audit.SavedCodesMade, At: list.Made, AccountID: accountID.String(), RequestID: web.RequestID(ctx), Success: true})
	if err := s.store.run(ctx, b); err != nil {
		return err
	}
	return s.tellFactor(ctx, accountID, SavedCodes, "factor_added", time.Time{})
}

// dropSaved voids the list and the count of wrong codes.
func (s *store) dropSaved(b *pgx.Batch, accountID uuid.UUID) {
	b.Queue(`delete from account_saved_codes where account_id = $1`, accountID)
	b.Queue(`delete from factor_throttles where account_id = $1 and factor = 'saved_codes'`, accountID)
}

// UseSavedCode uses up a code of the list and returns how many are left. The error is ErrCodeFormat, ErrWrongCode, ErrNoFactor,
// *FactorLockedError, ErrBusy, or the database's. Like CheckTOTP it counts first, and must not be called inside a
// transaction.
func (s *Service) UseSavedCode(ctx context.Context, accountID uuid.UUID, typed string, again bool) (left int, err error) {
	code, err := ParseSavedCode(typed)
	if err != nil {
		return 0, err
	}
	list, err := s.savedList(ctx, accountID)
	if err != nil {
		return 0, err
	}
	if list.slow() { // a slot comes before the count, so that being busy costs nobody a try
		leave, err := s.hasher.enter(ctx)
		if err != nil {
			return 0, err
		}
		defer leave()
	}
	lock, err := s.reserveFactor(ctx, accountID, SavedCodes, again, func(*pgx.Batch) {})
	if err != nil {
		return 0, err
	}
	row, err := s.findSaved(accountID, list, code)
	if err != nil {
		return 0, err
	}
	used := false
	if row.N != 0 {
		if used, err = s.spendSaved(ctx, accountID, row); err != nil {
			return 0, err
		}
	}
	if !used { // wrong, or another request was faster
		return 0, s.wrongFactor(ctx, accountID, SavedCodes, lock, ErrWrongCode)
	}
	return len(list) - 1, nil
}

// savedRow is an unused code.
type savedRow struct {
	N      int
	Made   time.Time // of the list
	digest []byte
}

// slowSaved is the prefix of a digest made when codes had slow hashes.
var slowSaved = []byte("$argon2id$")

type savedRows []savedRow

func (l savedRows) slow() bool { return len(l) > 0 && bytes.HasPrefix(l[0].digest, slowSaved) }

// savedList reads the unused codes. The error is ErrNoFactor if there are none, or the database's.
func (s *Service) savedList(ctx context.Context, accountID uuid.UUID) (list savedRows, err error) {
	rows, err := s.db.From(ctx).Query(ctx, `
		select n, made_at, code_sealed from account_saved_codes where account_id = $1 and used_at is null order by n`, accountID)
	if err != nil {
		return nil, fmt.Errorf("reading saved codes: %w", err)
	}
	list, err = pgx.CollectRows(rows, func(row pgx.CollectableRow) (r savedRow, err error) {
		if err = row.Scan(&r.N, &r.Made, &r.digest); err == nil {
			r.digest, err = s.keyring.Open(seal.PepperCode, savedPlace(accountID, r.N), r.digest)
		}
		return r, err
	})
	if err == nil && len(list) == 0 {
		err = ErrNoFactor
	}
	return list, err
}

// findSaved is the code's row of the list, the zero one if it is not there. Slow hashes of one list share their salt, so that one
// is compared with each.
func (s *Service) findSaved(accountID uuid.UUID, list savedRows, code string) (found savedRow, err error) {
	var got []byte
	for _, row := range list {
		if !list.slow() {
			if s.keyring.VerifyMAC(seal.TokenMAC, row.digest, savedParts(accountID, code)...) {
				found = row
			}
			continue
		}
		params, salt, want, err := decodePHC(string(row.digest))
		if err != nil {
			return savedRow{}, err
		}
		if got == nil {
			got = s.hasher.compute(code, salt, params)
		}
		if subtle.ConstantTimeCompare(got, want) == 1 {
			found = row
		}
	}
	return found, nil
}

// spendSaved uses the code unless somebody has, or has made another list, clears the count of wrong ones and
// records it, all or nothing.
func (s *Service) spendSaved(ctx context.Context, accountID uuid.UUID, code savedRow) (bool, error) {
	now := s.now()
	err := s.db.InTx(ctx, func(ctx context.Context) error {
		b := &pgx.Batch{}
		b.Queue(`update account_saved_codes set used_at = $3 where account_id = $1 and n = $2 and made_at = $4 and used_at is null returning n`,
			accountID, code.N, now, code.Made).QueryRow(func(row pgx.Row) error { return row.Scan(&code.N) })
		b.Queue(`delete from factor_throttles where account_id = $1 and factor = 'saved_codes'`, accountID)
		s.audit.Queue(ctx, b, audit.Event{Kind: audit.SavedCodeUsed, At: now, AccountID: accountID.String(), RequestID: web.RequestID(ctx), Success: true})
		return s.store.run(ctx, b)
	})
	if errors.Is(err, pgx.ErrNoRows) {
		return false, nil
	}
	return err == nil, err
}
