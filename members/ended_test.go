package members

import (
	"slices"
	"strings"
	"testing"
)

// Whom a file ends (INS03 024) is named, in each kind of file and once; who had ended before, or goes on under another programme, is not.
func TestMembersWhomTheFileEndsAreNamed(t *testing.T) {
	t.Parallel()
	const ends = "INS*Y*18*024*25*A~REF*0F*900000610~NM1*IL*1*RUIZ*ANAK~DMG*D8*19840314~HD*024**HMO*HUSKY A~DTP*349*D8*20261120~"
	const other = "INS*Y*18*024*25*A~REF*0F*900000611~NM1*IL*1*SOTO*NOAH~DMG*D8*19850517~HD*024**HMO*HUSKY D~DTP*349*D8*20261120~"
	for name, test := range map[string]struct {
		file  string
		named []string
	}{
		"a change file":           {file834(set834("2", ends)), []string{"900000610"}},
		"a change file, twice":    {file834(set834("2", ends, ends)), []string{"900000610"}},
		"a full file":             {file834(set834("4", ends, insNoah)), []string{"900000610"}},
		"a full file, twice":      {file834(set834("4", ends, insNoah, ends)), []string{"900000610"}},
		"another programme":       {file834(set834("2", other)), nil},
		"who is not in the file":  {header + noah, nil},
		"an 834 that ends nobody": {file834(set834("4", insAnak, insNoah)), nil},
	} {
		f := newFixture(t)
		f.load(t, header+anak+noah)
		for _, isDry := range []bool{true, false, false} {
			var named []string
			report, err := f.Import(t.Context(), strings.NewReader(test.file), ImportOptions{
				DryRun: isDry, ReadAgain: true, AllowShrink: true, Ended: func(number string) { named = append(named, number) },
			})
			if err != nil || !slices.Equal(named, test.named) {
				t.Errorf("%s (dry %t): %+v, %v, %q named, want %q", name, isDry, report, err, named, test.named)
			}
			if !isDry {
				test.named = nil // they have ended
			}
		}
	}
}
