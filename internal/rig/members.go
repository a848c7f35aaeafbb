package rig

import (
	"encoding/csv"
	"fmt"
	"io"
	"net/url"
	"os"
	"strings"
)

// Member is a person on the roster together with what they will choose at registration.
type Member struct {
	number, first, last, suffix, born string // on the card

	Username, Email, Password string
}

// Answer is everybody's answer to the secret question.
const Answer = "mi primera bicicleta roja"

// ReadMembers reads the members of a roster file whose coverage has not ended.
func ReadMembers(path string) (all []Member, err error) {
	file, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer file.Close()
	rows := csv.NewReader(file)
	for n := 0; ; n++ {
		row, err := rows.Read()
		if err == io.EOF {
			return all, nil
		}
		if err != nil {
			return nil, err
		}
		if n == 0 || row[7] != "" { // names of columns; coverage that has ended
			continue
		}
		all = append(all, Member{row[0], row[1], row[2], row[3], row[4],
			fmt.Sprintf("persona.%05d", n), fmt.Sprintf("p%05d@example.org", n), fmt.Sprintf("tres caballos azules %05d", n)})
	}
}

// CardForm returns the form of the registration page about the person.
func (m Member) CardForm() url.Values {
	born := strings.Split(m.born, "-")
	return url.Values{"act": {"next"}, "birth_year": {born[0]}, "birth_month": {strings.TrimLeft(born[1], "0")}, "birth_day": {born[2]},
		"first_name": {m.first}, "last_name": {m.last}, "suffix": {m.suffix}, "card_id": {m.number}}
}

// CredentialsForm returns the form of the next page.
func (m Member) CredentialsForm() url.Values {
	return url.Values{"act": {"next"}, "username": {m.Username}, "email": {m.Email}, "email_again": {m.Email}, "new_password": {m.Password},
		"question": {"first_pay"}, "answer": {Answer}}
}
