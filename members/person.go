package members

// differs compares two records of one number in the way cards are compared, so spelling does not count.
func (r record) differs(other record) (first, last, born bool) {
	born = r.BirthDate != other.BirthDate
	if r.FirstName != other.FirstName || r.LastName != other.LastName || r.Suffix != other.Suffix {
		firstA, lastA, _ := splitNames(r.FirstName, r.LastName, r.Suffix)
		firstB, lastB, _ := splitNames(other.FirstName, other.LastName, other.Suffix)
		first, last = fold(firstA) != fold(firstB), fold(lastA) != fold(lastB)
	}
	return first, last, born
}

// overlaid returns the record updated by a change file; isCovered says whether the file mentions coverage.
func (r record) overlaid(change record, isCovered bool, does verb) record {
	change.MemberNumber = r.MemberNumber
	if change.LastName == "" {
		change.FirstName, change.LastName, change.Suffix = r.FirstName, r.LastName, r.Suffix
	}
	if change.BirthDate.IsZero() {
		change.BirthDate = r.BirthDate
	}
	if change.Ends.IsZero() && does == verbUpdate {
		change.Ends = r.Ends
	}
	spans := r.covers()
	if isCovered {
		spans = overlay(spans, change.covers())
	}
	change.putCovers(spans)
	return change
}
