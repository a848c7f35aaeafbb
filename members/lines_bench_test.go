package members

import (
	"bufio"
	"io"
	"strings"
	"testing"
)

// Reading a plain row of a file costs the same allocations whether or not rows may have line breaks.
func BenchmarkReadRow(b *testing.B) {
	const head, row = "member_number,first_name,last_name,suffix,birth_date,program,coverage_start,coverage_end\n", "123456789,ANA,GARCIA LOPEZ,,1984-05-17,A,2024-01-01,\n"
	rows := &repeatedText{text: row}
	text := bufio.NewReaderSize(io.MultiReader(strings.NewReader(head), rows), maxLine)
	source, err := newCSV(text, &decoder{}, ImportOptions{}, DefaultNumberFormat, Date{2026, 11, 24})
	if err != nil {
		b.Fatal(err)
	}
	b.ReportAllocs()
	for b.Loop() {
		if e, err := source.next(); err != nil || e.fault != nil {
			b.Fatal(err, e.fault)
		}
	}
}

// repeatedText is a text again and again.
type repeatedText struct {
	text string
	at   int
}

func (r *repeatedText) Read(p []byte) (n int, err error) {
	n = copy(p, r.text[r.at:])
	r.at = (r.at + n) % len(r.text)
	return n, nil
}
