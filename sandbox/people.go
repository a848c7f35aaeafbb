package sandbox

import (
	"bytes"
	_ "embed"
	"encoding/csv"
	"fmt"
)

// Password is that of all known accounts; TOTPKey is the key of the one with an authenticator app, in base32.
const (
	Password = "Mapache-Violeta-2026"
	TOTPKey  = "JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP"
)

// Question and Answer are the secret question of all known accounts.
const (
	Question = "toy_name"
	Answer   = "Rufo el dragón"
)

//go:embed more.csv
var more []byte

// person is a known account. Case is the last part of the key that says what it is for.
type person struct {
	Number, Username, Email, Language, Case string
	TOTP                                    bool
}

// people are the known accounts.
var people = []person{
	{Number: "118204437", Username: "prueba.juan", Email: "juan@prueba.invalid", Language: "es", Case: "plain"},
	{Number: "120773905", Username: "prueba.siobhan", Email: "siobhan@prueba.invalid", Language: "en", Case: "totp", TOTP: true},
	{Number: "158021774", Username: "prueba.begona", Email: "familia@prueba.invalid", Language: "es", Case: "first"},
	{Number: "401886203", Username: "prueba.lucia", Email: "familia@prueba.invalid", Language: "es", Case: "second"},
	{Number: "417750096", Username: "prueba.oscar", Email: "oscar@prueba.invalid", Language: "es", Case: "ended"},
}

// free are cards without an account, to try a registration with: two surnames and an ñ, a suffix, a plain one, an apostrophe's neighbour
// in another script, and one of each programme.
var free = []string{"004123789", "310542266", "572908314", "184520067", "149936512", "293450728"}

// card is a line of the roster, as far as the page shows it.
type card struct{ Number, FirstName, LastName, Suffix, BirthDate, Program string }

// cardsOf reads the roster of a sandbox.
func cardsOf(roster []byte) (map[string]card, error) {
	rows, err := csv.NewReader(bytes.NewReader(roster)).ReadAll()
	if err != nil {
		return nil, fmt.Errorf("sandbox: reading the roster: %w", err)
	}
	all := map[string]card{}
	for _, row := range rows[1:] {
		all[row[0]] = card{row[0], row[1], row[2], row[3], row[4], row[5]}
	}
	for _, p := range people {
		if _, known := all[p.Number]; !known {
			return nil, fmt.Errorf("sandbox: the roster lacks %s", p.Number)
		}
	}
	for _, number := range free {
		if _, known := all[number]; !known {
			return nil, fmt.Errorf("sandbox: the roster lacks %s", number)
		}
	}
	return all, nil
}
