package members

// A father and a son may share both names. Their suffixes and birth dates tell them apart, and where there is no suffix a birth date
// many years away, with coverage that begins anew.

// generation is the number of years from which a birth date is more likely a relative's than a correction.
const generation = 15

// isRelative reports whether an entry with its member's names is rather another person of those names: suffix and birth date both
// differ, or coverage begins later than any that is known and the birth date moves by more than a generation, other than by a slip. The
// day on which a program wrote the file is nobody's (keepBirth).
func (run *importRun) isRelative(e *entry, former record) bool {
	was, is := former.BirthDate, e.rec.BirthDate
	if was == is {
		return false
	}
	if former.ownSuffix() != e.rec.ownSuffix() {
		return true
	}
	if former.isBornLate(was) { // any other date is better
		return false
	}
	years := max(is.Year-was.Year, was.Year-is.Year)
	isOld := DateOf(is.time().AddDate(0, 0, newborn)).Before(run.today())
	return years > generation && !isSlip(was, is) && former.CoverageStart.Before(e.said.CoverageStart) && !e.said.isBornLate(is) && isOld
}

// isSlip reports whether one date may be the other with a slip of whoever typed it: a digit, two digits that changed places, the
// century, or the year alone.
func isSlip(a, b Date) bool {
	if a.Month == b.Month && a.Day == b.Day {
		return true
	}
	x, y := a.appendISO(nil), b.appendISO(nil)
	var differing []int
	for i := range x {
		if x[i] != y[i] {
			differing = append(differing, i)
		}
	}
	switch len(differing) {
	case 1:
		return true
	case 2:
		i, j := differing[0], differing[1]
		return j == 1 || x[i] == y[j] && x[j] == y[i]
	}
	return false
}
