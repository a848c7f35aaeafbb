package members

import (
	"errors"
	"strings"
	"testing"
)

// A suffix that was filled down its column is asked about as an emptied column is; putting it right again takes the flag as well.
func TestFileThatFillsAColumnIsRefused(t *testing.T) {
	t.Parallel()
	plain := strings.ReplaceAll(covered(9), "RUIZ,JR", "RUIZ,")
	for name, test := range map[string]struct {
		before, file, want string
	}{
		"one suffix":   {plain, covered(9), "suffix: 9 of "},
		"a few of all": {plain, strings.Replace(plain, "RUIZ,", "RUIZ,JR", 4), ""},
	} {
		f := newFixture(t)
		f.load(t, header+test.before+noah)
		_, err := f.Import(t.Context(), strings.NewReader(header+test.file+noah), ImportOptions{})
		e, ok := errors.AsType[*FillError](err)
		if ok != (test.want != "") || ok && !strings.Contains(e.Error(), test.want) || !ok && err != nil {
			t.Errorf("%s: %v, want %q", name, err, test.want)
		}
		if _, err := f.Import(t.Context(), strings.NewReader(header+test.file+noah), ImportOptions{AllowDoubtful: true}); err != nil {
			t.Errorf("%s: with the flag: %v", name, err)
		}
	}
}
