package members

import (
	"bufio"
	"fmt"
	"io"
	"math/rand/v2"
)

// MaxSample is the greatest number of members that Sample can make, which is the number of nine-digit numbers.
const MaxSample = 1_000_000_000

// Sample writes a roster of n invented members in the form that Import reads. The same n and seed give the same bytes.
// The names cover the kinds that occur (two surnames, particles, accents, apostrophes, hyphens, suffixes), with
// surnames that nobody is known to have. Each line is marked as a sample in a column that Import ignores.
func Sample(w io.Writer, n int, seed uint64) error {
	if n < 0 || n > MaxSample {
		return fmt.Errorf("a sample has 0 to %d members, not %d", MaxSample, n)
	}
	out := bufio.NewWriterSize(w, 64<<10)
	_, _ = out.WriteString("member_number,first_name,last_name,suffix,birth_date,program,coverage_start,coverage_end,note\n")
	random := rand.New(rand.NewPCG(seed, 0))
	var line []byte
	for i := range n {
		line = appendSample(line[:0], random, i)
		if _, err := out.Write(line); err != nil {
			return fmt.Errorf("writing the sample roster: %w", err)
		}
	}
	if err := out.Flush(); err != nil {
		return fmt.Errorf("writing the sample roster: %w", err)
	}
	return nil
}

func appendSample(line []byte, random *rand.Rand, i int) []byte {
	r := sampleRecord(random, i)
	return fmt.Appendf(line, "%s,%s,%s,%s,%s,%s,%s,%s,SAMPLE\n",
		r.MemberNumber, r.FirstName, r.LastName, r.Suffix, r.BirthDate, r.Program, r.CoverageStart, r.CoverageEnd)
}

func sampleRecord(random *rand.Rand, i int) record {
	// A multiplier coprime to 10^9 spreads the numbers without repeating any.
	number := (uint64(i)*618_033_989 + 271_828_183) % MaxSample
	r := record{MemberNumber: fmt.Sprintf("%09d", number), FirstName: pick(random, sampleFirstNames), LastName: sampleLastName(random)}
	if random.IntN(25) == 0 {
		r.Suffix = pick(random, Suffixes())
	}
	r.BirthDate = Date{1930 + random.IntN(95), 1 + random.IntN(12), 1 + random.IntN(28)}
	r.CoverageStart = Date{2020 + random.IntN(6), 1 + random.IntN(12), 1}
	if birth := (Date{r.BirthDate.Year, r.BirthDate.Month, 1}); r.CoverageStart.Before(birth) {
		r.CoverageStart = birth
	}
	if random.IntN(3) == 0 {
		r.CoverageEnd = Date{r.CoverageStart.Year + 1 + random.IntN(3), r.CoverageStart.Month, 28}
	}
	r.Program = string("ABCD"[random.IntN(4)])
	return r
}

func sampleLastName(random *rand.Rand) string {
	one, two := pick(random, sampleSurnames), pick(random, sampleSurnames)
	switch random.IntN(10) {
	case 0, 1, 2: // both surnames, as in Spanish
		return one + " " + two
	case 3:
		return one + "-" + two
	case 4:
		return pick(random, sampleParticles) + " " + one
	case 5:
		return "O'" + one
	}
	return one
}

func pick(random *rand.Rand, from []string) string { return from[random.IntN(len(from))] }

var sampleFirstNames = []string{
	"ANA", "JOSÉ", "MARÍA", "LUIS", "BEGOÑA", "ÍÑIGO", "MARÍA JOSÉ", "JUAN CARLOS", "NOÉ", "ÁNGELA", "RAÚL", "SOFÍA",
	"EMMA", "NOAH", "MARY-ANN", "JEAN-LUC", "D'ARCY", "LIAM", "GRACE", "HANNAH", "OWEN", "CHLOË", "ZOË", "AMIR",
	"MEI LING", "THI MAI", "KWAME", "ŁUCJA", "OLENA", "PRIYA", "FATIMA", "JOÃO", "FRANÇOISE", "SØREN", "J. R.", "ANNE MARIE",
}

var sampleParticles = []string{"DE", "DE LA", "DEL", "DE LOS", "VAN", "VAN DER", "VON", "DI", "ST.", "MC", "AL", "DOS"}

var sampleSurnames = []string{
	"VALDEMORANTA", "QUINTARREAL", "ARBOLEÑA", "CASAVERDÍN", "PEÑALINDA", "RIOSECANTE", "MONTEALBÍN", "OLIVARZO",
	"FUENTIÑO", "CAMPOLARGUEZ", "LUNAREJO", "SOLVIENTO", "TORREALBÚN", "ZARZAMÓN", "PALMARESTA", "ENCINÉDEZ",
	"THORNWICKLE", "MAPLESBYE", "OAKENDALL", "RIVERSTOWE", "ASHBOURNEY", "BRIARHOLTE", "FENWORTHY", "GREYMOSSEN",
	"HOLLOWBY", "LARKENFIELD", "MEADOWCRANE", "NORTHGALEY", "PEBBLEWOOD", "QUARRYMAN-ELL", "STONEBRIDGER", "WILLOWMERE",
	"BRZOZKOWAŃ", "DĄBROWISZ", "NGUYỄNTRAI", "FERREIRÇA", "GRØNDALSEN", "MÜLLERANT", "LECHÂTELET", "OKONKWARA",
}
