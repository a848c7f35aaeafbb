package members

// differs compares two records of one number in the way cards are compared, so spelling does not count.
func (r record) differs(other record) (first, last, born bool) {
	born = r.BirthDate != other.BirthDate
	if r.FirstName != other.FirstName {
		first = fold(r.FirstName) != fold(other.FirstName)
	}
	if r.LastName != other.LastName || r.Suffix != other.Suffix {
		lastA, _ := splitSuffix(r.LastName, r.Suffix)
		lastB, _ := splitSuffix(other.LastName, other.Suffix)
		last = fold(lastA) != fold(lastB)
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
