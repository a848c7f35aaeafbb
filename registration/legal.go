package registration

import (
	"cmp"
	"crypto/sha256"
	"embed"
	"errors"
	"fmt"
	"io/fs"
	"path"
	"slices"
	"strings"
	"time"

	"huskyidp/templates"
)

//go:embed legal
var sampleFiles embed.FS

// SampleLegal holds the sample texts. An operator replaces them before opening the service.
func SampleLegal() fs.FS {
	sub, err := fs.Sub(sampleFiles, "legal")
	if err != nil {
		panic(err) // the folder is embedded
	}
	return sub
}

// Document is a legal text in one version and language.
type Document struct {
	Version    string // date of publication, 2026-11-01
	Language   string
	Published  templates.Date
	Paragraphs []string
	Hash       []byte // SHA-256 of the file
}

// Legal is the agreement and the certification in all versions and languages.
type Legal struct{ agreement, certification texts }

// texts are versions, newest first, each by language.
type texts []map[string]Document

// LoadLegal reads agreement/<version>.<language>.txt and certification/<version>.<language>.txt. A version is its date
// of publication; blank lines separate paragraphs. Every version needs every language: members must be able to read
// what they agree to. All mistakes are reported together.
func LoadLegal(files fs.FS, languages []string) (*Legal, error) {
	agreement, err1 := loadTexts(files, "agreement", languages)
	certification, err2 := loadTexts(files, "certification", languages)
	if err := errors.Join(err1, err2); err != nil {
		return nil, err
	}
	return &Legal{agreement, certification}, nil
}

func loadTexts(files fs.FS, dir string, languages []string) (texts, error) {
	names, err := fs.Glob(files, dir+"/*.txt")
	if err != nil {
		return nil, err
	}
	var mistakes []error
	byVersion := map[string]map[string]Document{}
	for _, name := range names {
		doc, err := loadDocument(files, name)
		if err != nil {
			mistakes = append(mistakes, err)
			continue
		}
		if byVersion[doc.Version] == nil {
			byVersion[doc.Version] = map[string]Document{}
		}
		byVersion[doc.Version][doc.Language] = doc
	}
	if len(names) == 0 {
		mistakes = append(mistakes, fmt.Errorf("legal texts: no file %s/<date>.<language>.txt", dir))
	}
	var versions texts
	for version, byLanguage := range byVersion {
		for _, language := range languages {
			if _, ok := byLanguage[language]; !ok {
				mistakes = append(mistakes, fmt.Errorf("legal texts: %s/%s.%s.txt is missing", dir, version, language))
			}
		}
		versions = append(versions, byLanguage)
	}
	slices.SortFunc(versions, func(a, b map[string]Document) int { return cmp.Compare(version(b), version(a)) })
	return versions, errors.Join(mistakes...)
}

func version(byLanguage map[string]Document) string {
	for _, doc := range byLanguage {
		return doc.Version
	}
	return ""
}

func loadDocument(files fs.FS, name string) (Document, error) {
	date, language, ok := strings.Cut(strings.TrimSuffix(path.Base(name), ".txt"), ".")
	published, err := time.Parse(time.DateOnly, date)
	if !ok || language == "" || err != nil {
		return Document{}, fmt.Errorf("legal texts: %s is not named <date>.<language>.txt", name)
	}
	data, err := fs.ReadFile(files, name)
	if err != nil {
		return Document{}, fmt.Errorf("legal texts: %w", err)
	}
	if err := templates.CheckText(data); err != nil {
		return Document{}, fmt.Errorf("legal texts: %s %w", name, err)
	}
	hash := sha256.Sum256(data)
	doc := Document{Version: date, Language: language, Hash: hash[:],
		Published: templates.Date{Year: published.Year(), Month: int(published.Month()), Day: published.Day()}, Paragraphs: templates.Paragraphs(string(data))}
	if len(doc.Paragraphs) == 0 {
		return Document{}, fmt.Errorf("legal texts: %s is empty", name)
	}
	return doc, nil
}

// current is the newest version published on or before the day of now, in UTC; before the first, the first.
func (t texts) current(now time.Time, language string) Document {
	today := now.UTC().Format(time.DateOnly)
	for _, byLanguage := range t {
		if version(byLanguage) <= today {
			return byLanguage[language]
		}
	}
	return t[len(t)-1][language]
}

// InForce returns an error for each kind of text of which no version has been published yet.
func (l *Legal) InForce(now time.Time) error {
	var mistakes []error
	for name, all := range map[string]texts{"agreement": l.agreement, "certification": l.certification} {
		if first := version(all[len(all)-1]); first > now.UTC().Format(time.DateOnly) {
			mistakes = append(mistakes, fmt.Errorf("legal texts: no %s is in force before %s", name, first))
		}
	}
	return errors.Join(mistakes...)
}

// Agreement returns the license agreement in force.
func (l *Legal) Agreement(now time.Time, language string) Document {
	return l.agreement.current(now, language)
}

// Certification returns the text beside the box CERTIFICACIÓN DE USUARIO in force.
func (l *Legal) Certification(now time.Time, language string) Document {
	return l.certification.current(now, language)
}
