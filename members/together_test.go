package members

import (
	"errors"
	"fmt"
	"hash/maphash"
	"io"
	"slices"
	"strings"
	"testing"
)

// someEntries is a source of entries, without a file.
type someEntries struct {
	source
	left []entry
}

func (s *someEntries) next() (entry, error) {
	if len(s.left) == 0 {
		return entry{}, io.EOF
	}
	e := s.left[0]
	s.left = s.left[1:]
	return e, nil
}

// Where few may wait, the others come in later readings: everybody once, and the loops of a member one after the other.
func TestLoopsComeTogetherInLittleRoom(t *testing.T) {
	t.Parallel()
	var all []entry
	for round := range 2 {
		for i := range 10 {
			all = append(all, entry{position: round*100 + i, rec: record{MemberNumber: fmt.Sprintf("%09d", i)}, isEnding: round == 1})
		}
		all = append(all, entry{position: round*100 + 50, rec: record{MemberNumber: fmt.Sprintf("%09d", 50+round)}}, entry{position: round*100 + 60})
	}
	for _, room := range []int{1, 3, 10, 100} {
		repeats := repeatedNumbers{maphash.MakeSeed(), map[uint64]int{}}
		for _, e := range all[:10] {
			repeats.left[repeats.of(e)] = 2
		}
		readings := 1
		read := &together{
			repeatedNumbers: repeats, current: &someEntries{left: all}, room: room, waiting: map[uint64][]entry{}, deferred: map[uint64]bool{},
			again: func() (source, error) { readings++; return &someEntries{left: all}, nil },
		}
		var got []int
		most := 0
		for {
			e, err := read.next()
			if errors.Is(err, io.EOF) {
				break
			}
			if err != nil {
				t.Fatal(err)
			}
			got, most = append(got, e.position), max(most, len(read.waiting))
		}
		for i, p := range got {
			if p < 10 && (i == 0 || got[i-1] != p+100) && (i+1 == len(got) || got[i+1] != p+100) {
				t.Errorf("room for %d: %v, want the loops of a member together", room, got)
				break
			}
		}
		slices.Sort(got)
		want := (10 + room - 1) / room
		if len(slices.Compact(slices.Clone(got))) != len(all) || len(got) != len(all) || most > room || readings != want {
			t.Errorf("room for %d: %d entries in %d readings, %d waiting, want %d in %d", room, len(got), readings, most, len(all), want)
		}
	}
}

// A number in more loops than a person can have is nobody's, and costs neither memory nor time.
func TestNumberOfACrowd(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	f.load(t, header+anak+noah)
	loops := []string{strings.Replace(insNoah, "*030*", "*001*", 1)}
	for i := range maxLoops + 1 {
		loops = append(loops, fmt.Sprintf("INS*Y*18*021**A~REF*0F*999999999~NM1*IL*1*NUEVO*N%c%c~DMG*D8*20260101~HD*021**HMO*HUSKY A~DTP*348*D8*20260101~", 'A'+i%26, 'A'+i/26))
	}
	var left []string
	report, err := f.Import(t.Context(), strings.NewReader(file834(set834("2", loops...))), ImportOptions{Rejected: func(e LineError) { left = append(left, e.Problem) }})
	if err != nil || report.Added != 0 || report.Rejected != maxLoops+1 || report.Changed != 1 || left[0] != "more than 256 loops of the file have this member number" {
		t.Errorf("Import = %+v, %v, %q", report, err, left[:1])
	}
}
