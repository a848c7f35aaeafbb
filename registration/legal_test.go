package registration

import (
	"crypto/sha256"
	"strings"
	"testing"
	"testing/fstest"
	"time"

	"github.com/google/go-cmp/cmp"
)

func day(s string) time.Time {
	t, err := time.Parse(time.DateOnly, s)
	if err != nil {
		panic(err)
	}
	return t
}

func file(text string) *fstest.MapFile { return &fstest.MapFile{Data: []byte(text)} }

func TestLegalVersions(t *testing.T) {
	first := "Uno.\n\nDos\ndos.\n"
	legal, err := LoadLegal(fstest.MapFS{
		"agreement/2026-01-01.es.txt": file(first), "agreement/2026-01-01.en.txt": file("One."),
		"agreement/2026-06-01.es.txt": file("Nuevo."), "agreement/2026-06-01.en.txt": file("New."),
		"certification/2026-01-01.es.txt": file("Certifico."), "certification/2026-01-01.en.txt": file("I certify."),
	}, []string{"es", "en"})
	if err != nil {
		t.Fatal(err)
	}
	got := legal.Agreement(day("2026-05-31"), "es")
	if diff := cmp.Diff([]string{"Uno.", "Dos dos."}, got.Paragraphs); diff != "" {
		t.Errorf("paragraphs (-want +got):\n%s", diff)
	}
	if hash := sha256.Sum256([]byte(first)); string(got.Hash) != string(hash[:]) {
		t.Error("the hash is not that of the file")
	}
	for on, want := range map[string]string{"2026-06-01": "New.", "2027-01-01": "New.", "2026-05-31": "One.", "2025-01-01": "One."} {
		if got := legal.Agreement(day(on), "en").Paragraphs[0]; got != want {
			t.Errorf("the agreement on %s is %q, want %q", on, got, want)
		}
	}
}

func TestLegalMistakesAreReportedTogether(t *testing.T) {
	_, err := LoadLegal(fstest.MapFS{
		"agreement/2026-01-01.es.txt": file("Uno."), "agreement/latest.es.txt": file("x"), "agreement/2026-02-01.es.txt": file("\n\n"),
		"agreement/2026-03-01.es.txt": file("\xff"), "agreement/2026-04-01.es.txt": file("%PDF-1.7"), "agreement/2026-05-01.es.txt": file("Uno.\n\u202eodnuges"),
	}, []string{"es", "en"})
	if err == nil {
		t.Fatal("LoadLegal went through")
	}
	for _, want := range []string{
		"agreement/2026-01-01.en.txt is missing", "agreement/latest.es.txt is not named", "agreement/2026-02-01.es.txt is empty",
		"agreement/2026-03-01.es.txt is not UTF-8", "agreement/2026-04-01.es.txt is a PDF document",
		"agreement/2026-05-01.es.txt line 2: holds U+202E", "certification/<date>.<language>.txt",
	} {
		if !strings.Contains(err.Error(), want) {
			t.Errorf("the error does not say %q:\n%v", want, err)
		}
	}
}

func TestSampleLegal(t *testing.T) {
	if _, err := LoadLegal(SampleLegal(), []string{"es", "en"}); err != nil {
		t.Error(err)
	}
}

// A version that came into force while the page was open is asked again.
func TestAgreementThatChangedIsShownAgain(t *testing.T) {
	t.Parallel()
	s := newSite(t, 1)
	b := s.browser().get("/register/agreement?flow=f1").send("act", "agree", "version", "2020-01-01")
	if b.location != "/register/agreement?flow=f1" || s.count(`select count(*) from registrations`) != 0 {
		t.Errorf("an old version leads to %q", b.location)
	}
	b.get("/agreement").on("/agreement", 200).reads("Acuerdo de la licencia").reads("Versión del 1 de noviembre de 2026")
}
