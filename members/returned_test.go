package members

import (
	"errors"
	"slices"
	"strings"
	"testing"
)

// Last month's file put below this month's is refused, since what ended would come back; several times of coverage are no such file.
func TestFileBelowAnother(t *testing.T) {
	t.Parallel()
	before := datedRoster(nil)
	lines := strings.SplitAfter(before, "\n")
	after := strings.Join(lines[:59], "")
	for name, file := range map[string]string{
		"this month's first": after + strings.TrimPrefix(before, header), "last month's first": before + strings.TrimPrefix(after, header), "with the header": after + before,
	} {
		f := newFixture(t)
		f.load(t, before)
		f.load(t, after)
		_, err := f.Import(t.Context(), strings.NewReader(file), ImportOptions{})
		if _, is := errors.AsType[*TwiceError](err); !is {
			t.Errorf("%s: %v, want it refused", name, err)
		}
		var back []string
		report, err := f.Import(t.Context(), strings.NewReader(file), ImportOptions{AllowDoubtful: true, Returning: func(number string) { back = append(back, number) }})
		if err != nil || report.Returned != 2 || !slices.Equal(slices.Sorted(slices.Values(back)), []string{"900000858", "900000859"}) {
			t.Errorf("%s, meant: %+v, %v, back %q", name, report, err, back)
		}
	}
	f := newFixture(t)
	spans := header
	for _, line := range lines[1:60] {
		spans += line + strings.Replace(line, ",A,20", ",B,19", 1)
	}
	if report, err := f.Import(t.Context(), strings.NewReader(spans), ImportOptions{}); errors.As(err, new(*TwiceError)) {
		t.Errorf("two times of coverage: %+v, %v", report, err)
	}
}

// Who comes back by a change file is named as well.
func TestReturnedByAChangeFile(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	f.load(t, header+anak+noah)
	if _, err := f.Import(t.Context(), strings.NewReader(file834(set834("2", strings.Replace(insAnak, "*030*", "*024*", 2)))), ImportOptions{AllowShrink: true}); err != nil {
		t.Fatal(err)
	}
	var back []string
	report, err := f.Import(t.Context(), strings.NewReader(file834(set834("2", strings.Replace(insAnak, "*030*", "*025*", 1)))), ImportOptions{Returning: func(n string) { back = append(back, n) }})
	if err != nil || report.Returned != 1 || !slices.Equal(back, []string{"900000610"}) {
		t.Errorf("%+v, %v, back %q", report, err, back)
	}
}
