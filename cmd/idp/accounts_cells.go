package main

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/google/uuid"

	"huskyidp/members"
)

const createdForms = "write 2024-03-14T10:00:00Z, 2024-03-14 or 3/14/2024"

// dateOrders counts the dates of created_at that show which part is the month.
type dateOrders struct{ monthFirst, dayFirst int }

// created reads created_at: an RFC 3339 instant, or a date as the roster's are, which is its beginning in UTC. The order of 3/4/2024 is that of
// the file's other dates: known are those of the first reading.
func (f *accountFile) created(text string) (at time.Time, err error) {
	if at, err = time.Parse(time.RFC3339, text); err != nil {
		date := members.ReadDate(text)
		switch {
		case date.IsMonthFirst:
			f.orders.monthFirst++
		case date.IsDayFirst:
			f.orders.dayFirst++
		}
		switch {
		case date.IsDayFirst, date.IsEither && f.known.dayFirst > 0:
			return time.Time{}, fmt.Errorf("has the day first, or dates of the column do: %s", createdForms)
		case date.IsEither && f.known.monthFirst == 0:
			return time.Time{}, fmt.Errorf("can be read both ways, and no date of the column shows which part is the month: %s", createdForms)
		case date.Problem != "":
			return time.Time{}, fmt.Errorf("is neither an RFC 3339 instant nor a date that can be read: %s", createdForms)
		}
		at = time.Date(date.Year, time.Month(date.Month), date.Day, 0, 0, 0, 0, time.UTC)
	}
	if at.After(f.now) {
		return time.Time{}, errors.New("is not in the past")
	}
	return at, nil
}

// hintZeros says of lines whose number is not on the roster if it is with zeros in front, which spreadsheets drop.
func (run *accountImport) hintZeros(ctx context.Context, batch []accountLine, ids map[string]uuid.UUID) error {
	may := map[int][]string{}
	var numbers []string
	for i, line := range batch {
		_, isKnown := ids[line.number]
		if isUnknown := line.fault == nil && !isKnown || errors.Is(line.fault, members.ErrMemberNumber); isUnknown {
			may[i] = run.roster.WithZeros(line.typed)
			numbers = append(numbers, may[i]...)
		}
	}
	if len(numbers) == 0 {
		return nil
	}
	padded, err := run.roster.IDs(ctx, numbers)
	if err != nil {
		return err
	}
	for i, all := range may {
		for _, number := range all {
			if _, ok := padded[number]; ok {
				batch[i].fault = errors.New("member_number: has lost its leading zeros, as spreadsheets drop them: with them it is on the roster; export the column as text")
			}
		}
	}
	return nil
}
