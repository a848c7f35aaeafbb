package members

import (
	"errors"
	"strings"
	"testing"
)

// A change file without members is a day on which nothing changed; a full file without members is none.
func TestEmptyChangeFileChangesNothing(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	f.load(t, header+anak+noah)
	report, err := f.Import(t.Context(), strings.NewReader(file834(set834("2"))), ImportOptions{})
	if got := counts(report); err != nil || got != [5]int{} {
		t.Errorf("a change file without members = %v, %v, want it applied", got, err)
	}
	for _, file := range []string{file834(set834("4")), file834(), file834(set834("2", strings.Replace(insAnak, "19840314", "1984", 1)))} {
		if _, err := f.Import(t.Context(), strings.NewReader(file), ImportOptions{AllowShrink: true}); err == nil || !strings.Contains(err.Error(), "no valid line") {
			t.Errorf("a full file without members, or one with a fault in each: %v, want no valid line", err)
		}
	}
}

// What a file would do is reported with every cause for which it is refused.
func TestRefusedFileIsReportedWhole(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	f.load(t, header+anak+noah+"900000612,EVA,PAZ,,1990-01-01,B,,\n")
	file := header + strings.Replace(anak, "RUIZ", "SOTO", 1) + "9O0000611,NOAH,SOTO,,1984-03-15,A,,\n" + "900000613,LEO,SOL,,1990-01-01,B,,\n"
	for _, isDry := range []bool{true, false} {
		report, err := f.Import(t.Context(), strings.NewReader(file), ImportOptions{DryRun: isDry})
		_, isShrink := errors.AsType[*ShrinkError](err)
		_, isUnreadable := errors.AsType[*UnreadableError](err)
		if got, want := counts(report), [5]int{1, 1, 2, 0, 1}; got != want || !isShrink || !isUnreadable || report.Format == "" {
			t.Errorf("dry %v: %+v, %v, want %v and both causes", isDry, report, err, want)
		}
	}
	if n := f.count(t, `SELECT count(*) FROM roster_imports`); n != 1 {
		t.Errorf("%d imports on record, want 1", n)
	}
}

// Held lines wait for a decision: whoever looks at the file again sees them again.
func TestHeldLinesAreListedUntilDecided(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	f.load(t, header+anak+noah)
	file := header + noah + "900000610,MARTA,PAZ,,1999-01-02,B,,\n"
	first := f.load(t, file)
	for _, isDry := range []bool{true, false} {
		var held []string
		again, err := f.Import(t.Context(), strings.NewReader(file), ImportOptions{DryRun: isDry, Held: func(e LineError) { held = append(held, e.Error()) }})
		if err != nil || !again.Repeated || len(held) != 1 || again.Held != 1 || again.Review != first.Review || first.Review == "" {
			t.Errorf("again, dry %v: %+v, %q, %v, want the held line and the list %s", isDry, again, held, err, first.Review)
		}
	}
	decided, err := f.Import(t.Context(), strings.NewReader(file), ImportOptions{OtherPerson: []int{3}, Review: first.Review})
	if err != nil || decided.Added != 1 {
		t.Fatalf("decided: %+v, %v, want one added", decided, err)
	}
	if again := f.load(t, file); !again.Repeated || again.Held != 0 || again.Review != "" {
		t.Errorf("after the decision: %+v, want nothing held", again)
	}
	if n := f.count(t, `SELECT count(*) FROM roster_imports`); n != 3 {
		t.Errorf("%d imports on record, want 3", n)
	}
}
