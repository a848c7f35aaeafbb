package members

import (
	"fmt"
	"slices"
	"strings"
)

// segmentForm says how many elements a segment has in X12 005010, and which of them may hold any text, or a code that is the name of a
// segment elsewhere, such as a country.
type segmentForm struct {
	most int
	text []int
}

var segmentForms = map[string]segmentForm{
	"ACT": {9, []int{2, 4, 6, 7, 8, 9}},
	"AMT": {3, nil},
	"BGN": {9, []int{2, 6}},
	"COB": {4, []int{2}},
	"DMG": {11, []int{7, 10, 11}},
	"DSB": {8, []int{4, 7, 8}},
	"DTP": {3, nil},
	"EC":  {7, []int{2, 3, 7}},
	"HD":  {11, []int{4}},
	"HI":  {12, nil},
	"HLH": {7, []int{5, 7}},
	"ICM": {6, []int{4, 5}},
	"IDC": {4, nil},
	"INS": {17, []int{14, 16}},
	"LE":  {1, nil},
	"LS":  {1, nil},
	"LUI": {5, []int{2, 3}},
	"LX":  {1, nil},
	"N1":  {6, []int{2, 4, 6}},
	"N2":  {2, []int{2}},
	"N3":  {2, []int{2}},
	"N4":  {7, []int{3, 4, 6, 7}},
	"NM1": {12, []int{3, 4, 5, 6, 7, 9, 11, 12}},
	"PER": {9, []int{2, 4, 6, 8, 9}},
	"PLA": {6, nil},
	"PRV": {6, []int{3}},
	"QTY": {4, []int{4}},
	"REF": {4, []int{2, 3, 4}},
}

// joined says by what a segment shows that the next one is in it, because its terminator was lost or became an element separator: it has
// more elements than X12 knows, or one that begins a segment. "" if nothing does. Empty elements at the end are harmless.
func (s segment) joined() string {
	form, isKnown := segmentForms[s.name()]
	for i := 1; i < len(s.elements); i++ {
		text := s.at(i)
		isName := false
		if len(text) == 2 || len(text) == 3 {
			_, isName = segmentForms[text]
		}
		switch {
		case text == "":
		case isKnown && isName && i > 1 && !slices.Contains(form.text, i):
			return fmt.Sprintf("element %d is %s, the name of a segment: is the end of a segment missing?", i, text)
		case s.hasBeginning(i):
			return fmt.Sprintf("another segment seems to begin in element %d: is the end of a segment missing?", i)
		case isKnown && i > form.most:
			return fmt.Sprintf("has more than the %d elements that X12 knows: is the end of a segment missing?", form.most)
		}
	}
	return ""
}

// refQualifiers are those of the REF segments of an INS loop.
var refQualifiers = []string{"0F", "1L", "17", "23", "3H", "4A", "6O", "9V", "ABB", "D3", "DX", "F6", "P5", "Q4", "QQ", "SY", "XX1", "XX2", "ZX", "ZZ"}

// hasBeginning reports whether an element ends in the name of a segment, and those behind it are what that segment begins with.
func (s segment) hasBeginning(i int) bool {
	text, first, second := s.at(i), s.at(i+1), s.at(i+2)
	isCode := func(code string) bool { return len(code) == 3 && !strings.ContainsFunc(code, isNoDigit) }
	switch {
	case strings.HasSuffix(text, "INS"):
		return (first == "Y" || first == "N") && len(second) == 2 && isCode(s.at(i+3))
	case strings.HasSuffix(text, "REF"):
		return slices.Contains(refQualifiers, first) && second != ""
	case strings.HasSuffix(text, "DTP"):
		return isCode(first) && (second == "D8" || second == "RD8" || second == "")
	case strings.HasSuffix(text, "NM1"):
		return len(first) >= 2 && len(first) <= 3 && (second == "1" || second == "2")
	case strings.HasSuffix(text, "DMG"):
		return first == "D8" && len(second) == len("20060102")
	case strings.HasSuffix(text, "HD"):
		return isCode(first)
	case strings.HasSuffix(text, "PER"):
		return slices.Contains([]string{"IP", "CN", "EA", "GR", "PQ"}, first) && slices.Contains([]string{"TE", "HP", "CP", "EM", "WP", "AP", "BN", "FX"}, s.at(i+3))
	case strings.HasSuffix(text, "COB"):
		return (first == "P" || first == "S" || first == "U") && slices.Contains([]string{"1", "5", "6"}, s.at(i+3))
	}
	return false
}

func isNoDigit(r rune) bool { return r < '0' || r > '9' }

// doubtJoined fails if the segment holds another one. Members whose REF is in it do not end.
func (l *memberLoop) doubtJoined(s segment) {
	problem := s.joined()
	if problem == "" {
		return
	}
	l.isJoined = true
	l.fail(s, "", problem)
	for i := 1; i+2 < len(s.elements); i++ {
		if strings.HasSuffix(s.at(i), "REF") && s.at(i+1) == l.file.memberRef && !slices.Contains(l.typedNumbers, s.at(i+2)) {
			l.stray = append(l.stray, s.at(i+2))
		}
	}
}

// holdsINS reports whether an INS is in another segment.
func (s segment) holdsINS() bool {
	return s.joined() != "" && slices.ContainsFunc(s.elements[1:], func(text string) bool { return strings.HasSuffix(strings.TrimSpace(text), "INS") })
}
