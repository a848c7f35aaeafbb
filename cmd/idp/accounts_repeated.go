package main

import (
	"crypto/sha256"
	"errors"
	"fmt"
	"io"
)

// repeated knows which lines of a file have one value that only one may have. None of lines that contradict each other is
// applied: a column that was filled down gives one person's account to another. It takes some 60 bytes a value.
type repeated map[[16]byte]holders

// holders are the first line that has a value, and the first one after it that differs in anything, 0 for none.
type holders struct {
	first, other int
	row          [16]byte // what the first line says
}

func short(column, value string) [16]byte {
	sum := sha256.Sum256([]byte(column + "\x00" + value))
	return [16]byte(sum[:16])
}

// note is called for each value of a line, before any is judged.
func (r repeated) note(column, value, row string, line int) {
	key, says := short(column, value), short("", row)
	is, known := r[key]
	switch {
	case !known:
		is = holders{first: line, row: says}
	case is.other == 0 && is.row != says:
		is.other = line
	}
	r[key] = is
}

// judge returns what is wrong with a value of a line, for another one has it.
func (r repeated) judge(column, value string, line int) error {
	switch is := r[short(column, value)]; {
	case is.other == line:
		return fmt.Errorf("%s: line %d has it too", column, is.first)
	case is.other != 0:
		return fmt.Errorf("%s: line %d has it too", column, is.other)
	case is.first != 0 && is.first != line:
		return fmt.Errorf("says the same as line %d", is.first)
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
		again.judged = first.noted
	}
	return again, err
}
