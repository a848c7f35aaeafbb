package members

import (
	"bufio"
	"fmt"
	"io"
	"math/rand/v2"
)

// MaxSample is the greatest number of members that Sample can make: as many as there are nine-digit numbers.
const MaxSample = 1_000_000_000

// Sample writes a roster of n invented members in the form that Import reads. The same n and seed give the same bytes.
// Names are of the kinds that occur (two surnames, particles, accents, apostrophes, hyphens, suffixes), with surnames
// that nobody is known to have, and each line is marked as a sample in a column that Import ignores.
func Sample(w io.Writer, n int, seed uint64) error {
	if n < 0 || n > MaxSample {
		return fmt.Errorf("a sample has 0 to %d members, not %d", MaxSample, n)
	}
	out := bufio.NewWriterSize(w, 64<<10)
	out.WriteString("member_number,first_name,last_name,suffix,birth_date,program,coverage_start,coverage_end,note\n")
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
	// A multiplier without common factor with 10^9 spreads the numbers without repeating any.
	number := (uint64(i)*618_033_989 + 271_828_183) % MaxSample
	line = fmt.Appendf(line, "%09d,%s,", number, pick(random, sampleFirstNames))
	line = appendSampleLastName(line, random)
	suffix := ""
	if random.IntN(25) == 0 {
		suffix = pick(random, Suffixes())
	}
	born := Date{1930 + random.IntN(95), 1 + random.IntN(12), 1 + random.IntN(28)}
	start := Date{2020 + random.IntN(6), 1 + random.IntN(12), 1}
	end := ""
	if random.IntN(3) == 0 {
		end = Date{start.Year + 1 + random.IntN(3), start.Month, 28}.String()
	}
	return fmt.Appendf(line, ",%s,%s,%c,%s,%s,SAMPLE\n", suffix, born, "ABCD"[random.IntN(4)], start, end)
}

func appendSampleLastName(line []byte, random *rand.Rand) []byte {
	one, two := pick(random, sampleSurnames), pick(random, sampleSurnames)
	switch random.IntN(10) {
	case 0, 1, 2: // both surnames, as in Spanish
		return fmt.Appendf(line, "%s %s", one, two)
	case 3:
		return fmt.Appendf(line, "%s-%s", one, two)
	case 4:
		return fmt.Appendf(line, "%s %s", pick(random, sampleParticles), one)
	case 5:
		return fmt.Appendf(line, "O'%s", one)
	}
	return append(line, one...)
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
