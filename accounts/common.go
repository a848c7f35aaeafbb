package accounts

import (
	"hash/maphash"
	"strings"
	"sync"
	"unicode/utf8"

	"github.com/trustelem/zxcvbn/frequency"
)

// commonList holds values that people choose when 15 characters are required: they repeat, pair and pad the passwords
// they always chose. It is derived at first use from the frequency list that zxcvbn carries, and stored as digests (1
// MB).
var commonList = sync.OnceValue(func() map[uint64]struct{} {
	ranked := frequency.FrequencyLists["passwords"]
	list := make(map[uint64]struct{}, 1<<18)
	add := func(folded string) {
		if n := utf8.RuneCountInString(folded); n >= PasswordMin && n <= 2*PasswordMin {
			list[commonDigest(folded)] = struct{}{}
		}
	}
	for i, word := range ranked {
		word = fold(word)
		add(word)
		if i >= 10_000 || word == "" {
			continue
		}
		for _, ending := range commonEndings {
			add(word + ending)
		}
		repeated := word + word
		for utf8.RuneCountInString(repeated) < PasswordMin {
			repeated += word
		}
		add(repeated)
		add(repeated + "1")
	}
	for _, first := range ranked[:500] {
		for _, second := range ranked[:500] {
			add(fold(first) + fold(second))
			add(fold(first) + fold(second) + "1")
		}
	}
	return list
})

// commonEndings are appended to passwords that are too short.
var commonEndings = []string{"1", "12", "123", "1234", "12345", "123456", "1234567", "12345678", "123456789", "1234567890", "2024", "2025", "2026"}

var commonSeed = maphash.MakeSeed()

func commonDigest(folded string) uint64 { return maphash.String(commonSeed, folded) }

// isCommon compares a password, as a whole and regardless of case and punctuation, with the list, with keyboard runs,
// and with an estimate of how soon a guesser would try it (S-03). Nothing leaves the process.
func isCommon(password string) bool {
	folded := fold(password)
	if _, listed := commonList()[commonDigest(folded)]; listed {
		return true
	}
	letters := 2*utf8.RuneCountInString(folded) > utf8.RuneCountInString(password) // else it consists mostly of symbols
	return letters && isRun(folded) || isRun(strings.ToLower(password)) || estimate(password) <= 1
}

// keyRuns are orders in which fingers or minds run through characters.
var keyRuns = []string{
	"abcdefghijklmnopqrstuvwxyz", "01234567890", "qwertyuiopasdfghjklzxcvbnm", "qwertyuiopasdfghjklñzxcvbnm",
	"1qaz2wsx3edc4rfv5tgb6yhn7ujm8ik9ol0p", "qazwsxedcrfvtgbyhnujmikolp", "1q2w3e4r5t6y7u8i9o0p", "`1234567890-=",
}

// isRun reports whether s consists of few pieces: one piece repeated, or long runs along a keyboard or an alphabet in
// either direction.
func isRun(s string) bool {
	runes := []rune(s)
	for period := 1; period <= len(runes)/2; period++ {
		if repeats(runes, period) {
			return true
		}
	}
	pieces := 0
	for rest := s; rest != ""; pieces++ {
		rest = rest[longestRun(rest):]
	}
	return pieces*5 <= len(runes) // pieces of five or more on average
}

func repeats(runes []rune, period int) bool {
	for i := period; i < len(runes); i++ {
		if runes[i] != runes[i-period] {
			return false
		}
	}
	return true
}

// longestRun returns the length in bytes of the longest prefix of s that is part of a key run in either direction, at
// least one character.
func longestRun(s string) int {
	_, longest := utf8.DecodeRuneInString(s)
	for _, run := range keyRuns {
		for _, run := range []string{run + run, reverse(run + run)} {
			for end := range s {
				if end > longest && strings.Contains(run, s[:end]) {
					longest = end
				}
			}
			if strings.Contains(run, s) {
				return len(s)
			}
		}
	}
	return longest
}

func reverse(s string) string {
	runes := []rune(s)
	for i, j := 0, len(runes)-1; i < j; i, j = i+1, j-1 {
		runes[i], runes[j] = runes[j], runes[i]
	}
	return string(runes)
}
