package members

import (
	"fmt"
	"maps"
	"slices"
	"strings"
)

// Headers, by their headerKey, of columns that say who ended. We read none of them: what they mean differs.
var (
	stateHeaders = []string{
		"status", "statuscode", "estatus", "memberstatus", "enrollmentstatus", "eligibilitystatus", "coveragestatus", "clientstatus",
		"estadodelmiembro", "estadodelcliente", "estadodecobertura", "active", "isactive", "activo", "activa", "action", "actioncode", "accion", "maintenancetype",
	}
	endHeaders = []string{"baja", "dod", "termdate", "termdt", "exitdate"}
	endWords   = []string{
		"terminat", "disenrol", "enddate", "thrudate", "fechadebaja", "fechabaja", "deceased", "dateofdeath", "deathdate", "fallec", "defuncion", "inactiv", "cancel",
	}
)

// EndColumnError reports that a column which nothing reads seems to say who ended.
type EndColumnError struct {
	Column string // its header
	Lines  int    // that have a value there, or another one than most
	First  int
	Key    string // of an end, the column by which it can be read
}

func (e *EndColumnError) Error() string {
	what := "a value there"
	if e.Key == "" {
		what = "another value there than most"
	}
	return fmt.Sprintf("the column %s seems to say who ended, and is not read: %d lines (the first is %d) have %s; nothing was changed", e.Column, e.Lines, e.First, what)
}

// endColumn is a column that may say who ended, and what the file has there.
type endColumn struct {
	header  string
	at      int
	isState bool
	lines   map[string]int // by value; of an end, those that have one are ""
	first   map[string]int
}

// maxStates bounds the values that are told apart: a state has a few.
const maxStates = 100

// endColumns finds the columns of a header that nothing reads although they seem to say who ended.
func endColumns(unread map[int]string, ignored []string) (columns []endColumn) {
	for _, at := range slices.Sorted(maps.Keys(unread)) {
		key := headerKey(unread[at])
		if slices.ContainsFunc(ignored, func(name string) bool { return headerKey(name) == key }) {
			continue
		}
		isState := slices.Contains(stateHeaders, key)
		isEnd := slices.Contains(endHeaders, key) || slices.ContainsFunc(endWords, func(word string) bool { return strings.Contains(key, word) })
		if isState || isEnd {
			columns = append(columns, endColumn{clip(unread[at]), at, isState, map[string]int{}, map[string]int{}})
		}
	}
	return columns
}

// add notes what a line has in the column.
func (c *endColumn) add(fields []string, line int) {
	value := strings.ToUpper(unwrap(strings.TrimSpace(fields[c.at])))
	if !c.isState {
		if isOpen(value) || strings.Contains(value, "9999") || slices.Contains([]string{"N", "NO", "FALSE", "FALSO"}, value) {
			return
		}
		value = ""
	}
	if c.lines[value] == 0 {
		if len(c.lines) == maxStates {
			return
		}
		c.first[value] = line
	}
	c.lines[value]++
}

// doubt returns the error that the column deserves, or nil.
func (c *endColumn) doubt() error {
	e := &EndColumnError{Column: c.header}
	most := ""
	if !c.isState {
		e.Key = string(colCoverageEnd)
	} else {
		for value, n := range c.lines {
			if n > c.lines[most] {
				most = value
			}
		}
	}
	for value, n := range c.lines {
		if c.isState && value == most {
			continue
		}
		e.Lines += n
		if e.First == 0 || c.first[value] < e.First {
			e.First = c.first[value]
		}
	}
	if e.Lines == 0 {
		return nil
	}
	return e
}
