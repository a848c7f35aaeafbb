package templates

import (
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
)

func TestCatalogFilesAreSorted(t *testing.T) {
	keyLine := regexp.MustCompile(`(?m)^  "([^"]+)":`)
	for _, lang := range allLanguages(t) {
		data, err := files.ReadFile("locales/" + lang + ".json")
		if err != nil {
			t.Fatal(err)
		}
		var keys []string
		for _, m := range keyLine.FindAllSubmatch(data, -1) {
			keys = append(keys, string(m[1]))
		}
		if !slices.IsSorted(keys) {
			t.Errorf("the keys of %s.json are not sorted", lang)
		}
		if double := slices.Compact(slices.Clone(keys)); len(double) != len(keys) {
			t.Errorf("%s.json has a key twice", lang)
		}
	}
}

var (
	quoted    = regexp.MustCompile(`"([a-z_]+(?:\.[a-z0-9_]+)*[._]?)"`)
	inT       = regexp.MustCompile(`(?:\bt|\brich|\bparagraphs) "([^"]+)"`)
	inProblem = regexp.MustCompile(`\bKey:\s*"([^"]+)"`)
)

// TestKeysInUse holds the catalogs and the program together: each key that a template or a problem names is there, and each
// that is there is named, in whole or by what it begins with ("mail." + kind, "question.bank." + key, "error.expired").
func TestKeysInUse(t *testing.T) {
	c := load(t).catalogs[DefaultLanguage]
	named := map[string]bool{}
	err := filepath.WalkDir("..", func(name string, d os.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if d.IsDir() && strings.HasPrefix(d.Name(), ".") && d.Name() != ".." {
			return filepath.SkipDir
		}
		source := strings.HasSuffix(name, ".go") && !strings.HasSuffix(name, "_test.go")
		if !source && !strings.HasSuffix(name, ".html") {
			return nil
		}
		text, err := os.ReadFile(name)
		if err != nil {
			return err
		}
		for _, m := range quoted.FindAllStringSubmatch(string(text), -1) {
			if strings.Contains(m[1], ".") {
				named[m[1]] = true
			}
		}
		needed := inProblem
		if !source {
			needed = inT
		}
		for _, m := range needed.FindAllStringSubmatch(string(text), -1) {
			if !strings.HasSuffix(m[1], ".") && !strings.HasSuffix(m[1], "_") && !c.has(m[1]) && !c.has(m[1]+".title") {
				t.Errorf("%s names %q, which is in no catalog", name, m[1])
			}
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	for key := range c.messages {
		if !inUse(key, named) {
			t.Errorf("nothing names %q", key)
		}
	}
}

func inUse(key string, named map[string]bool) bool {
	if named[key] {
		return true
	}
	for begin := range named {
		if begin != "mail." && strings.HasPrefix(key, begin) && (strings.HasSuffix(begin, ".") || strings.HasSuffix(begin, "_")) && !strings.HasSuffix(begin, "..") {
			return true
		}
		if strings.HasPrefix(key, begin+".") && strings.Count(begin, ".") == 1 && strings.HasPrefix(begin, "error.") {
			return true
		}
	}
	return strings.HasPrefix(key, "mail.") && isMailKind(strings.Split(key, ".")[1])
}

// TestGuideStrings holds the words of the member guide, byte for byte.
func TestGuideStrings(t *testing.T) {
	guide := map[string]string{
		"provider.login.username":           "Nombre de Usuario",
		"provider.login.password":           "Contraseña",
		"provider.login.forgot":             "¿Olvidó su Nombre de Usuario o Contraseña?",
		"provider.login.register":           "¿Nuevo usuario? Inscríbase aquí",
		"provider.login.title":              "Ingreso Seguro de Miembro",
		"registration.agreement.title":      "Acuerdo de la licencia",
		"registration.agreement.agree":      "De acuerdo",
		"registration.agreement.disagree":   "En desacuerdo",
		"registration.personal.birth":       "Fecha de Nacimiento",
		"registration.personal.first":       "Nombre",
		"registration.personal.last":        "Apellido",
		"registration.personal.card_id":     "Número de ID del Cliente",
		"web.button.next":                   "Siguiente",
		"web.button.previous":               "Previo",
		"web.button.finish":                 "Finalizar",
		"registration.credentials.username": "Nombre de Usuario",
		"registration.credentials.email":    "Correo Electrónico",
		"registration.credentials.password": "Contraseña",
		"registration.credentials.question": "Pregunta secreta",
		"registration.credentials.answer":   "Respuesta secreta",
		"registration.review.certification": "CERTIFICACIÓN DE USUARIO",
		"support.page.title":                "Apoyo Técnico",
		"portal.home.welcome":               "BIENVENIDA A LOS MIEMBROS",
		"portal.home.members_link":          "Para Miembros",
		"portal.home.care_box":              "MI ATENCIÓN MÉDICA",
		"portal.home.access":                "Acceso del Usuario",
		"registration.personal.no_match":    "La información personal que usted ha puesto no se puede validar con nuestro sistema; por favor revísela para asegurarse de que ha puesto todo correctamente y vuelve a intentarlo",
	}
	s := load(t)
	for key, want := range guide {
		if got := s.Text("es", key, nil); got != want {
			t.Errorf("%s = %q, want %q", key, got, want)
		}
	}
	if got, want := s.Text("es", "registration.locked.ask", nil), "WebSupport@CHNCT.org"; !strings.Contains(got, want) {
		t.Errorf("registration.locked.ask = %q, want it to name %s", got, want)
	}
}

func isMailKind(name string) bool { _, ok := mailKinds[name]; return ok }
