package main

import (
	"crypto/sha256"
	"errors"
	"fmt"
	"io"
	"strings"
	"unicode"

	"golang.org/x/text/unicode/norm"

	"huskyidp/accounts"
)

// repeated knows which lines of a file have one value that only one may have. None of lines that contradict each other is
// applied: a column that was filled down gives one person's account to another. It takes some 50 bytes a value, three values a line.
type repeated map[[16]byte]holders

// holders are the first line that has a value, and the first one after it that differs in anything, 0 for none.
type holders struct {
	first, other int32
	row          [8]byte // what the first line says
}

// ofOne is a value that only one line may have.
type ofOne struct{ column, value string }

// alone returns such values of a line as far as they can be read: one that is left out for another column still says whose they are.
func (f *accountFile) alone(field func(string) string) (all []ofOne) {
	if number, err := f.number(field("member_number")); err == nil {
		all = append(all, ofOne{"member_number", number})
	}
	if name, err := accounts.CheckUsername(field("username")); err == nil {
		all = append(all, ofOne{"username", withoutAccents(name)})
	}
	// Each hash has a salt of its own. A spreadsheet that fills a cell down counts up the number at its end.
	if hash := strings.TrimRight(field("password_hash"), "0123456789"); hash != "" {
		all = append(all, ofOne{"password_hash", hash})
	}
	return all
}

// withoutAccents returns the form of a username that only one account has, as the index accounts_username_bare.
func withoutAccents(name string) string {
	return strings.Map(func(r rune) rune {
		if 0x300 <= r && r <= 0x36f {
			return -1
		}
		return r
	}, norm.NFD.String(name))
}

// says returns what a line says, however it is written.
func (f *accountFile) says(field func(string) string) string {
	var all []string
	for _, name := range accountColumns {
		value := field(name)
		if number, err := f.number(value); name == "member_number" && err == nil {
			value = number
		} else if name != "password_hash" {
			value = strings.Map(unicode.ToLower, value)
		}
		all = append(all, value)
	}
	return strings.Join(all, "\x00")
}

func short(column, value string) [16]byte {
	sum := sha256.Sum256([]byte(column + "\x00" + value))
	return [16]byte(sum[:16])
}

// note is called for each line before any is judged.
func (r repeated) note(all []ofOne, row string, line int) {
	full := short("", row)
	says := [8]byte(full[:8])
	for _, one := range all {
		key := short(one.column, one.value)
		is, known := r[key]
		switch {
		case !known:
			is = holders{first: int32(line), row: says}
		case is.other == 0 && is.row != says:
			is.other = int32(line)
		}
		r[key] = is
	}
}

// judge returns what is wrong with a line because of what others say.
func (r repeated) judge(all []ofOne, line int) error {
	for _, one := range all {
		switch is := r[short(one.column, one.value)]; {
		case int(is.other) == line:
			return fmt.Errorf("%s: line %d has it too", one.column, is.first)
		case is.other != 0:
			return fmt.Errorf("%s: line %d has it too", one.column, is.other)
		case is.first != 0 && int(is.first) != line:
			return fmt.Errorf("says the same as line %d", is.first)
		}
	}
	return nil
}

// readTwice reads the whole file, and opens it again to be imported.
func readTwice(in io.Seeker, open func() (*accountFile, error)) (*accountFile, error) {
	first, err := open()
	for err == nil {
		_, err = first.account()
	}
	if !errors.Is(err, io.EOF) {
		return nil, err
	}
	if _, err := in.Seek(0, io.SeekStart); err != nil {
		return nil, err
	}
	again, err := open()
	if err == nil {
		again.judged, again.known = first.noted, first.orders
	}
	return again, err
}
