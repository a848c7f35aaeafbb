package members

import (
	"errors"
	"fmt"
	"strings"
	"testing"

	"huskyidp/internal/postgres/postgrestest"
)

// Several files in a row do not end what one of them may not.
func TestFilesInARowAreRefused(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	var all strings.Builder
	for i := range 100 {
		fmt.Fprintf(&all, "9000007%02d,ANA,RUIZ,,%s,A,,\n", i, born(i))
	}
	f.load(t, header+all.String())
	end := func(from, to int) (Report, error) {
		var changes []string
		for i := from; i < to; i++ {
			changes = append(changes, fmt.Sprintf("INS*Y*18*024**A~REF*0F*9000007%02d~", i))
		}
		return f.Import(t.Context(), strings.NewReader(file834(set834("2", changes...))), ImportOptions{})
	}
	if report, err := end(0, 4); err != nil || report.Ended != 4 {
		t.Fatalf("four of a hundred: %+v, %v", report, err)
	}
	_, err := end(4, 8)
	if e, ok := errors.AsType[*ShrinkError](err); !ok || e.Ending != 4 || e.Lately != 4 || e.Active != 96 {
		t.Errorf("another four: %v, want *ShrinkError", err)
	}
	if report, err := end(4, 5); err != nil || report.Ended != 1 {
		t.Errorf("one more: %+v, %v, want it applied", report, err)
	}
	postgrestest.Exec(t, f.db, `UPDATE members SET ended_at = ended_at - interval '25 hours'`)
	if _, err := end(5, 9); err == nil {
		t.Error("four in the next night's file were applied")
	}
	postgrestest.Exec(t, f.db, `UPDATE members SET ended_at = ended_at - interval '48 hours'`)
	if report, err := end(5, 9); err != nil || report.Ended != 4 {
		t.Errorf("days later: %+v, %v, want it applied", report, err)
	}
}

// Nor do they take today's coverage from more members than one of them may.
func TestCoverageTakenInStepsIsRefused(t *testing.T) {
	t.Parallel()
	const n = 200
	file := func(lapsed int) string {
		var lines strings.Builder
		for i := range n {
			end := "2027-12-31"
			if i < lapsed {
				end = "2025-12-31"
			}
			fmt.Fprintf(&lines, "9%08d,ANA,RUIZ,,%s,A,2025-01-01,%s\n", i, born(i), end)
		}
		return header + lines.String()
	}
	f := newFixture(t)
	f.load(t, file(0))
	if report, err := f.Import(t.Context(), strings.NewReader(file(9)), ImportOptions{}); err != nil || report.Changed != 9 {
		t.Fatalf("nine of two hundred: %+v, %v", report, err)
	}
	_, err := f.Import(t.Context(), strings.NewReader(file(18)), ImportOptions{})
	if e, ok := errors.AsType[*LapseError](err); !ok || e.Lapsing != 9 || e.Lately != 9 || !strings.Contains(err.Error(), "9 lost it in the 72 hours before") {
		t.Errorf("nine more: %v, want *LapseError", err)
	}
	if report, err := f.Import(t.Context(), strings.NewReader(file(10)), ImportOptions{}); err != nil || report.Changed != 1 {
		t.Errorf("one more: %+v, %v, want it applied", report, err)
	}
	if report, err := f.Import(t.Context(), strings.NewReader(file(18)), ImportOptions{AllowShrink: true}); err != nil || report.Changed != 8 {
		t.Errorf("with the flag: %+v, %v", report, err)
	}
	postgrestest.Exec(t, f.db, `UPDATE roster_imports SET applied_at = applied_at - interval '73 hours'`)
	if report, err := f.Import(t.Context(), strings.NewReader(file(27)), ImportOptions{}); err != nil || report.Changed != 9 {
		t.Errorf("days later: %+v, %v, want it applied", report, err)
	}
}

// A file that an editor saved again is the same file, and an old one stays old.
func TestFileSavedAgainIsTheSame(t *testing.T) {
	t.Parallel()
	old, newer := header+anak+noah, header+noah+strings.Replace(anak, "ANAK", "ANIKA", 1)
	for name, save := range map[string]func(string) string{
		"CRLF":   func(s string) string { return strings.ReplaceAll(s, "\n", "\r\n") },
		"CR":     func(s string) string { return strings.ReplaceAll(s, "\n", "\r") },
		"a mark": func(s string) string { return markUTF8 + s },
	} {
		f := newFixture(t)
		first := f.load(t, old)
		if again := f.load(t, save(old)); !again.Repeated || again.ID != first.ID {
			t.Errorf("%s: %+v, want a repetition", name, again)
		}
		f.load(t, newer)
		if _, err := f.Import(t.Context(), strings.NewReader(save(old)), ImportOptions{}); !errors.Is(err, ErrOldFile) {
			t.Errorf("%s: %v, want ErrOldFile", name, err)
		}
	}
	sum := func(parts ...string) string {
		h := newContentHash()
		for _, part := range parts {
			_, _ = h.Write([]byte(part))
		}
		return string(h.Sum(nil))
	}
	if sum("a\r", "\nb") != sum("a\nb") || sum("ab") == sum("a\rb") || sum("a\n\nb") == sum("a\nb") || sum("a\r\rb") != sum("a\n\nb") || sum("a\r", "b\n") != sum("a\nb\n") || sum("a") == sum("a\n") {
		t.Error("the digest does not follow the lines")
	}
}
