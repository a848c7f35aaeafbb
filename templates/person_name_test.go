package templates

import "testing"

func TestPersonName(t *testing.T) {
	for name, want := range map[string]string{
		"MARÍA JOSÉ NÚÑEZ PEÑALINDA": "María José Núñez Peñalinda",
		"O'BRIEN":                    "O'Brien",
		"SEÁN O’BRIEN":               "Seán O’Brien",
		"ANA DE LA CRUZ":             "Ana de la Cruz",
		"DE LA CRUZ":                 "De la Cruz",
		"JUAN DEL VALLE Y RÍOS":      "Juan del Valle y Ríos",
		"RONALD MCDONALD":            "Ronald McDonald",
		"MCA":                        "Mca",
		"ANA-MARÍA PÉREZ-D'ANGELO":   "Ana-María Pérez-D'Angelo",
		"JOHN SMITH JR.":             "John Smith Jr.",
		"JOHN SMITH III":             "John Smith III",
		"NGOZI D'AMICO'S":            "Ngozi D'Amico's",
		"Leslie McKay":               "Leslie McKay",
		"bell hooks":                 "bell hooks",
		"ÉLODIE":                     "Élodie",
		"李 小龍":                       "李 小龍",
		"  ANA   LÓPEZ ":             "Ana López",
		"J. R. SMITH":                "J. R. Smith",
		"":                           "",
	} {
		if got := PersonName(name); got != want {
			t.Errorf("PersonName(%q) = %q, want %q", name, got, want)
		}
	}
}
