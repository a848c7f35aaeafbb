package registration

import (
	"net/http"
	"strings"
	"testing"
)

// The sentences of the member guide, each where a member meets it.
func TestGuide(t *testing.T) {
	t.Parallel()
	s := newSite(t, 1)
	b := s.browser()
	b.get("/register/agreement?flow=f1")
	says := func(step string, words ...string) {
		t.Helper()
		for _, word := range words {
			if !strings.Contains(b.text(), word) {
				t.Errorf("guide, step %s: %s does not say %q", step, b.path, word)
			}
		}
	}
	says("4: lea primero el acuerdo de la licencia", "Acuerdo de la licencia", "De acuerdo", "En desacuerdo")
	if b.send("act", "disagree"); b.status != http.StatusSeeOther || !strings.HasPrefix(b.location, "/login?") {
		t.Errorf("guide, step 4: «En desacuerdo» leads to %q, want the sign-in page", b.location)
	}
	b.toPersonal()
	says("5: información personal", "Fecha de Nacimiento", "Nombre", "Apellido", "Número de ID del Cliente", "Siguiente",
		"exactamente como aparece en su tarjeta de identificación", "Jr., Sr. o II")
	b.post(mariaWrong...)
	says("5: mensaje de error", guideSentence)
	b.post(mariaBorn(16)...).post(mariaBorn(17)...)
	says("5: tres veces seguidas, ayuda por correo electrónico", "tres veces seguidas", "correo electrónico", "WebSupport@CHNCT.org")

	s = newSite(t, 1)
	b = s.browser().toCredentials()
	says("6: credenciales", "Nombre de Usuario", "Correo Electrónico", "Contraseña", "Pregunta secreta", "Respuesta secreta", "Siguiente")
	b.post(mariaChoice...)
	says("6: confirmar su dirección de correo electrónico", "Revise su correo")
	b.post("code", s.code())
	says("7: revisar, CERTIFICACIÓN DE USUARIO, Finalizar", "Revise su información", "CERTIFICACIÓN DE USUARIO", "Finalizar")
	says("8: cambiar alguna información", "Previo")
	b.post("act", "previous").on("/register/credentials", 200)
	if !strings.Contains(b.body, "Apoyo Técnico") {
		t.Error("guide, step 9: Apoyo Técnico is not on the page")
	}
}
