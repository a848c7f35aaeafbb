package templates

import (
	"slices"
	"testing"
)

func TestParagraphs(t *testing.T) {
	for text, want := range map[string][]string{
		"\ufeffUno\r\n dos\r\n\r\n- tres\r\n- cuatro\r\n  cinco\r\n\r\n\r\n \r\n# Seis\r\n": {"Uno dos", "- tres\n- cuatro cinco", "# Seis"},
		"# Uno\ndos\n# Tres\n# Cuatro":  {"# Uno", "dos", "# Tres", "# Cuatro"},
		"Uno:\n- dos\n- tres\n\ncuatro": {"Uno:", "- dos\n- tres", "cuatro"},
		" \n\n":                         nil,
	} {
		if got := Paragraphs(text); !slices.Equal(got, want) {
			t.Errorf("%q: %q, want %q", text, got, want)
		}
	}
}

func TestLegalText(t *testing.T) {
	for text, want := range map[string]string{
		"# Sus datos":                 "<h2>Sus datos</h2>",
		"**Su contraseña.** No la dé": "<p><b>Su contraseña.</b> No la dé</p>",
		"5 ** 2 = 25":                 "<p>5 ** 2 = 25</p>",
		"- Uno\n- **Dos** <b>":        `<ul class="list"><li>Uno</li><li><b>Dos</b> &lt;b&gt;</li></ul>`,
		"<script>**x**</script>":      "<p>&lt;script&gt;<b>x</b>&lt;/script&gt;</p>",
		"#Uno":                        "<p>#Uno</p>",
		"- ":                          `<ul class="list"><li></li></ul>`,
	} {
		if got := string(legalHTML(text)); got != want {
			t.Errorf("%q = %s, want %s", text, got, want)
		}
	}
}
