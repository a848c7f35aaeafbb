package members

import (
	"slices"
	"strings"
	"unicode"

	"github.com/google/uuid"
)

// Names that change places between lines, among two or in a ring of more, are hardly ever right. In a large file, common names do so by
// chance as well: of more than ringMost changes only those count that two members exchange, of more than pairMost those of one chunk.
const (
	ringMost   = 100
	pairMost   = 300
	maxRenamed = 10_000 // bounds the memory
)

const renamedProblem = "has a name that another line's member had, and that line has this one's, or one of a further line, and so on: held. Have cells changed places?"

// renaming is a line that changes one of its member's names and nothing else of name and birth date.
type renaming struct {
	line    int
	member  uuid.UUID
	was, is string
	isHeld  bool // for what it shares with the lines above
}

// renamings are those of first names, and those of last names.
type renamings [2][]renaming

// add notes what an entry changes. A name that gains or loses a part is completed or shortened, not exchanged.
func (all *renamings) add(e *entry, member uuid.UUID, before, after record) (kind, at int, isAdded bool) {
	was, is := before.identity(), after.identity()
	if was.born != is.born || (was.first == is.first) == (was.last == is.last) {
		return 0, 0, false
	}
	names := [...]string{before.FirstName, after.FirstName}
	change := renaming{e.position, member, was.first, is.first, false}
	if was.last != is.last {
		names[0], _ = splitSuffix(before.LastName, before.Suffix)
		names[1], _ = splitSuffix(after.LastName, after.Suffix)
		kind, change.was, change.is = 1, was.last, is.last
	}
	if len(all[kind]) == maxRenamed || isPartOf(names[0], names[1]) || isPartOf(names[1], names[0]) {
		return 0, 0, false
	}
	all[kind] = append(all[kind], change)
	return kind, len(all[kind]) - 1, true
}

// isPartOf reports whether all words of a name are in another one.
func isPartOf(name, other string) bool {
	words := func(s string) (all []string) {
		for word := range strings.FieldsFuncSeq(s, func(r rune) bool { return unicode.IsSpace(r) || isHyphen(r) }) {
			all = append(all, fold(word))
		}
		return all
	}
	of := words(other)
	return !slices.ContainsFunc(words(name), func(word string) bool { return !slices.Contains(of, word) })
}

// ringed returns, by index, the changes that lead back to the name that their member had: somebody with the new name gets the next, and so
// on.
func ringed(changes []renaming) map[int]bool {
	if len(changes) > 2*pairMost { // members may have several lines
		return nil
	}
	first, next := map[uuid.UUID]renaming{}, map[string][]renaming{}
	for _, c := range changes {
		before, isAgain := first[c.member]
		if !isAgain {
			first[c.member] = c
		} else if before.was != c.was || before.is != c.is { // by two loops of a change file
			first[c.member] = renaming{}
		}
	}
	for _, c := range first {
		next[c.was] = append(next[c.was], c)
	}
	reach := 0 // further changes that may be in a ring
	switch n := len(first); {
	case n <= ringMost:
		reach = n
	case n <= pairMost:
		reach = 1
	}
	rings := map[int]bool{}
	for i, c := range changes {
		if first[c.member].was == "" {
			continue
		}
		seen, reached := map[string]bool{c.is: true}, []string{c.is}
		for step := 0; step < reach && len(reached) > 0 && !rings[i]; step++ {
			var further []string
			for _, name := range reached {
				for _, n := range next[name] {
					if n.is == c.was {
						rings[i] = true
					}
					if !seen[n.is] {
						seen[n.is], further = true, append(further, n.is)
					}
				}
			}
			reached = further
		}
	}
	return rings
}

// shuffledNames returns the columns whose names are those that are known, each of another member, if they are too many to be held.
func (run *importRun) shuffledNames() (causes []error) {
	for kind, changes := range run.renamed {
		more, off := map[string]int{}, 0
		for _, c := range changes {
			more[c.was]--
			more[c.is]++
		}
		for _, n := range more {
			off += max(n, -n)
		}
		if len(changes) > ringMost && off*5 <= len(changes) {
			causes = append(causes, &SortedError{string([...]column{colFirstName, colLastName}[kind]), len(changes), run.known})
		}
	}
	return causes
}
