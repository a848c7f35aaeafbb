package members

// copiedProblem says which of two names has become the other one.
func copiedProblem(of, from column) string {
	return string(of) + " is now the member's own " + string(from) + ": held. Was it copied over the cell beside, or is a separator lost or doubled?"
}

// copiedName says that one of the two names has become the other one, which its member has or had; "" if not. Who always had one name twice
// changes nothing.
func (r record) copiedName(after record) string {
	was, is := r.identity(), after.identity()
	switch {
	case was.last != is.last && is.last != "" && (is.last == is.first || is.last == was.first):
		return copiedProblem(colLastName, colFirstName)
	case was.first != is.first && is.first != "" && (is.first == is.last || is.first == was.last):
		return copiedProblem(colFirstName, colLastName)
	}
	return ""
}
