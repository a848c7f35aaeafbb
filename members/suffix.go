package members

import "strings"

const suffixProblem = "is or has a suffix, beside another one or none"

// clearSuffix returns the suffix that a word is if it is hardly anything else. V may be an initial; Junior and Senior are names.
func clearSuffix(word string) string {
	word = strings.TrimSuffix(word, ".")
	if n := len(word); n < 2 || n > 3 {
		return ""
	}
	switch folded := strings.ToLower(word); folded {
	case "jr", "sr", "ii", "iii", "iv", "2nd", "3rd", "4th", "5th":
		return suffixes[folded]
	}
	return ""
}

// partSuffix takes a suffix out of a name that has another word, wherever it is and whatever parts it: "SOTO-JR", "JR SOTO",
// "SOTO JR PEREZ". SR above a name is Señor.
func partSuffix(name string) (rest, suffix string) {
	for from := 0; from < len(name); {
		to := from
		for to < len(name) && name[to] != ' ' && name[to] != '-' && name[to] != ',' {
			to++
		}
		if suffix = clearSuffix(name[from:to]); suffix != "" {
			before, behind := strings.Trim(name[:from], " ,-"), strings.Trim(name[to:], " ,-")
			rest = strings.TrimSpace(before + " " + behind)
			if fold(rest) != "" && clearSuffix(rest) == "" && (suffix != "SR" || behind == "") {
				return rest, suffix
			}
		}
		from = to + 1
	}
	return name, ""
}

// splitNames is splitSuffix for what files say: a suffix may be anywhere in either name.
func splitNames(first, last, suffix string) (restFirst, restLast, knownSuffix string) {
	restLast, knownSuffix = splitSuffix(last, suffix)
	if suffix != "" && knownSuffix == "" { // an unknown one, which counts as the end of the last name
		return first, restLast, ""
	}
	if rest, typed := partSuffix(restLast); typed != "" && (knownSuffix == "" || knownSuffix == typed) {
		restLast, knownSuffix = rest, typed
	}
	if rest, typed := partSuffix(first); typed != "" && (knownSuffix == "" || knownSuffix == typed) {
		return rest, restLast, typed
	}
	return first, restLast, knownSuffix
}

// keepsSuffix reports whether a name from which splitNames took none consists of a suffix or has one.
func keepsSuffix(name string) bool {
	_, suffix := partSuffix(name)
	return suffix != "" || clearSuffix(name) != ""
}

// endsInSuffix reports whether a blank or comma parts the last word of a last name, and that is a suffix.
func endsInSuffix(last string) bool {
	return suffixes[fold(last[strings.LastIndexAny(last, " ,")+1:])] != ""
}

// moveSuffix puts a suffix that is in one of the names into its own field, unless that holds another one. Behind the last name it may stay:
// there it is always understood. It returns the names as they were, if it changed them.
func (r *record) moveSuffix() (written *[3]string) {
	known, isKnown := suffixes[fold(r.Suffix)]
	if r.Suffix != "" && !isKnown {
		return nil
	}
	was := [...]string{r.FirstName, r.LastName, r.Suffix}
	for _, name := range []*string{&r.FirstName, &r.LastName} {
		rest, typed := partSuffix(*name)
		if typed == "" || name == &r.LastName && endsInSuffix(*name) || known != "" && known != typed {
			continue
		}
		*name, r.Suffix, known = rest, typed, typed
		written = &was
	}
	return written
}

// keepWritten takes the names as the file writes them if the member has been so: the card is, too.
func (run *importRun) keepWritten(e *entry, former record) {
	if e.written == nil || *e.written != [...]string{former.FirstName, former.LastName, former.Suffix} {
		return
	}
	e.rec.FirstName, e.rec.LastName, e.rec.Suffix = former.FirstName, former.LastName, former.Suffix
	if !e.partial {
		e.content, e.contentMAC = run.roster.encode(e.rec)
	}
}
