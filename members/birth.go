package members

// newborn is how many days before a birth coverage may begin: programmes begin it on the first of the month.
const newborn = 31

const (
	bornLateProblem = "is after coverage began"
	bornYearProblem = "is the first of January of the known year, as programs write where they have the year alone"
)

// isBornLate reports whether a record has coverage that began before a birth.
func (r record) isBornLate(born Date) bool {
	for _, s := range r.covers() {
		if !s.Start.IsZero() && DateOf(s.Start.time().AddDate(0, 0, newborn)).Before(born) {
			return true
		}
	}
	return false
}

// keepBirth keeps a known member's birth date if the new one is after coverage that began, such as the day on which a program
// wrote the file, or says less. It reports whether it does.
func (run *importRun) keepBirth(e *entry, former record) bool {
	born, was, problem := e.rec.BirthDate, former.BirthDate, ""
	switch {
	case run.options.AllowDoubtful:
	case born == Date{was.Year, 1, 1}:
		problem = bornYearProblem
	case !former.isBornLate(was) && (former.isBornLate(born) || e.rec.isBornLate(born)):
		problem = bornLateProblem
	}
	if problem == "" {
		return false
	}
	e.rec.BirthDate = former.BirthDate
	e.content, e.contentMAC = run.roster.encode(e.rec)
	e.notes = append(e.notes, LineError{e.position, string(colBirthDate), problem + ": the former one stays", e.unit})
	return true
}

// noteBornLate notes a new member whose birth date or coverage is wrong.
func (run *importRun) noteBornLate(e *entry) {
	if e.rec.isBornLate(e.rec.BirthDate) {
		run.printNotes([]LineError{{e.position, string(colBirthDate), noteCannotRegister + bornLateProblem + ", so one of the two is wrong", e.unit}})
	}
}
