package members

import (
	"bufio"
	"fmt"
	"io"
	"math/rand/v2"
	"strings"
	"time"
)

// sampleSet is the number of members per transaction set that the implementation guide recommends.
const sampleSet = 10_000

// Sample834 writes the same members as Sample, as a full X12 834 file.
func Sample834(w io.Writer, n int, seed uint64) error {
	if n < 0 || n > MaxSample {
		return fmt.Errorf("a sample has 0 to %d members, not %d", MaxSample, n)
	}
	out := &sample834{w: bufio.NewWriterSize(w, 64<<10)}
	random := rand.New(rand.NewPCG(seed, 0))
	day := time.Date(2026, time.January, 1, 0, 0, 0, 0, time.UTC)
	out.segment("ISA*00*%10s*00*%10s*ZZ*%-15s*ZZ*%-15s*%s*0000*^*00501*%09d*0*T*:", "", "", "SAMPLESENDER", "SAMPLE", day.Format("060102"), 1)
	out.segment("GS*BE*SAMPLESENDER*SAMPLE*%s*0000*1*X*%s", day.Format("20060102"), x834Version)
	sets := 0
	for i := 0; i < n || sets == 0; {
		sets++
		out.segments = 0
		out.segment("ST*834*%04d*%s", sets, x834Version)
		out.segment("BGN*00*SAMPLE%d*%s*0000****4", sets, day.Format("20060102"))
		out.segment("N1*P5*INVENTED STATE*FI*000000000")
		out.segment("N1*IN*INVENTED PLAN*FI*000000000")
		for last := min(n, i+sampleSet); i < last; i++ {
			out.member(sampleRecord(random, i))
		}
		out.segment("SE*%d*%04d", out.segments+1, sets)
	}
	out.segment("GE*%d*1", sets)
	out.segment("IEA*1*%09d", 1)
	if err := out.w.Flush(); err != nil {
		return fmt.Errorf("writing the sample roster: %w", err)
	}
	return nil
}

type sample834 struct {
	w        *bufio.Writer // keeps the first error until Flush
	segments int           // in the open set
}

func (s *sample834) segment(format string, args ...any) {
	s.segments++
	fmt.Fprintf(s.w, format+"~\n", args...)
}

func (s *sample834) member(rec record) {
	d8 := func(d Date) string { return strings.ReplaceAll(d.String(), "-", "") }
	s.segment("INS*Y*18*030**A***AC")
	s.segment("REF*0F*%s", rec.MemberNumber)
	s.segment("DTP*356*D8*%s", d8(rec.CoverageStart))
	s.segment("%s", strings.TrimRight(fmt.Sprintf("NM1*IL*1*%s*%s***%s", rec.LastName, rec.FirstName, rec.Suffix), "*"))
	s.segment("DMG*D8*%s*U", d8(rec.BirthDate))
	s.segment("HD*030**HMO*HUSKY %s", rec.Program)
	s.segment("DTP*348*D8*%s", d8(rec.CoverageStart))
	if !rec.CoverageEnd.IsZero() {
		s.segment("DTP*349*D8*%s", d8(rec.CoverageEnd))
	}
}
