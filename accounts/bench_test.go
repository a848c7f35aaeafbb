package accounts

import (
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"huskyidp/internal/audit"
	"huskyidp/internal/mail"
	"huskyidp/internal/postgres/postgrestest"
	"huskyidp/internal/seal"
)

// A password sign-in with the real parameters, database included, beside the bare hash:
// performance.md asks for 0.9 of its rate.
func BenchmarkSignIn(b *testing.B) {
	db, keyring := postgrestest.NewPool(b, 8), seal.Ephemeral()
	set, err := loadTemplates()
	if err != nil {
		b.Fatal(err)
	}
	outbox, err := mail.NewOutbox(db, keyring, time.Now)
	if err != nil {
		b.Fatal(err)
	}
	s, err := New(Deps{DB: db, Keyring: keyring, Audit: audit.New(db), Outbox: outbox, Mails: set, Now: time.Now, Issuer: "https://idp.example"})
	if err != nil {
		b.Fatal(err)
	}
	id := uuid.Must(uuid.NewV7())
	password, err := s.HashPassword(b.Context(), id, rightPassword)
	if err != nil {
		b.Fatal(err)
	}
	accepted := Acceptance{Version: "1", Language: "es", TextHash: make([]byte, 32), At: time.Now()}
	batch := &pgx.Batch{}
	account, err := s.QueueCreate(b.Context(), batch, NewAccount{
		ID: id, Username: "maria", Email: "maria@example.com", Language: "es", MemberID: uuid.New(), PasswordHash: password,
		Agreement: accepted, Certification: accepted,
	})
	if err == nil {
		err = s.store.run(b.Context(), batch)
	}
	if err != nil {
		b.Fatal(err)
	}
	started, err := s.StartSession(b.Context(), SessionStart{Account: account, AMR: []string{"pwd"}})
	if err != nil {
		b.Fatal(err)
	}
	b.Run("hash", func(b *testing.B) {
		for b.Loop() {
			s.hasher.compute(rightPassword, make([]byte, saltSize), defaultParams)
		}
	})
	b.Run("sign-in", func(b *testing.B) {
		for b.Loop() {
			account, err := s.Authenticate(b.Context(), Attempt{Username: "maria", Password: rightPassword, Device: started.Device})
			if err != nil {
				b.Fatal(err)
			}
			if _, err := s.StartSession(b.Context(), SessionStart{Account: account, AMR: []string{"pwd"}, Device: started.Device}); err != nil {
				b.Fatal(err)
			}
		}
	})
	b.Run("session", func(b *testing.B) {
		for b.Loop() {
			if _, err := s.Session(b.Context(), started.Token); err != nil {
				started, _ = s.StartSession(b.Context(), SessionStart{Account: account, AMR: []string{"pwd"}, Device: started.Device})
			}
		}
	})
	b.Run("check password", func(b *testing.B) {
		for b.Loop() {
			CheckPassword("una frase nueva que es bastante larga para nosotros", "maria")
		}
	})
}
