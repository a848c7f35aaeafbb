package templates

import (
	"fmt"
	"math"
	"regexp"
	"strconv"
	"strings"
)

// Colours are the colour roles of a scheme, named as in the stylesheet, in the form #RRGGBB.
type Colours map[string]string

// colourPairs are the roles that touch, with the least contrast between them: 7 for text (WCAG 2.2, AAA), 3 for
// anything but text, 5 for the large words on the red button.
var colourPairs = []struct {
	over, ground string
	least        float64
}{
	{"ink", "canvas", 7}, {"ink", "surface", 7}, {"ink", "sunken", 7}, {"ink", "error-ground", 7}, {"ink", "ok-ground", 7},
	{"ink", "warn-ground", 7}, {"ink", "info-ground", 7}, {"ink-soft", "canvas", 7}, {"ink-soft", "surface", 7}, {"ink-soft", "sunken", 7},
	{"link", "canvas", 7}, {"link", "surface", 7}, {"link", "sunken", 7}, {"visited", "canvas", 7}, {"visited", "surface", 7},
	{"on-primary", "primary", 7}, {"on-primary", "primary-hover", 7}, {"primary", "canvas", 7}, {"primary", "surface", 7},
	{"primary-hover", "info-ground", 7}, // a secondary button under the pointer
	{"on-danger", "danger", 7}, {"error", "canvas", 7}, {"error", "surface", 7}, {"error", "error-ground", 7},
	{"ok", "ok-ground", 7}, {"ok", "surface", 7}, {"ok", "canvas", 7}, {"warn", "warn-ground", 7}, {"info", "info-ground", 7},
	{"on-access", "access", 5}, {"access", "canvas", 3}, {"access", "surface", 3}, {"field-line", "canvas", 3}, {"field-line", "surface", 3},
	{"focus-outer", "canvas", 3}, {"focus-outer", "surface", 3}, {"focus-inner", "primary", 3}, {"focus-outer", "focus-inner", 3},
}

// check reports every pair of roles with too little contrast, and everything that is not a role or a colour.
func (c Colours) check(own Colours) (mistakes []error) {
	all := Colours{}
	for role, colour := range own {
		all[role] = colour
	}
	for role, colour := range c {
		if _, known := own[role]; !known {
			mistakes = append(mistakes, fmt.Errorf("%q is not a colour role", role))
		} else if !hexColour.MatchString(colour) {
			mistakes = append(mistakes, fmt.Errorf("%s: %q is not a colour such as #0B4F5C", role, colour))
		} else {
			all[role] = colour
		}
	}
	for _, p := range colourPairs {
		if got := contrast(all[p.over], all[p.ground]); !(got >= p.least) {
			mistakes = append(mistakes, fmt.Errorf("the contrast of %s on %s is %.1f and must be %.0f", p.over, p.ground, got, p.least))
		}
	}
	return mistakes
}

var (
	hexColour  = regexp.MustCompile(`^#[0-9A-Fa-f]{6}$`)
	colourRole = regexp.MustCompile(`--([a-z-]+): (#[0-9A-Fa-f]{6});`)
)

// schemes reads the colour roles of the stylesheet: the first :root is light, the one for dark schemes overrides it.
func schemes(css string) (light, dark Colours) {
	lightRules, rest, _ := strings.Cut(css, "@media screen and (prefers-color-scheme: dark) {")
	darkRules, _, _ := strings.Cut(rest, "\n}")
	light, dark = Colours{}, Colours{}
	for _, m := range colourRole.FindAllStringSubmatch(lightRules, -1) {
		light[m[1]], dark[m[1]] = m[2], m[2]
	}
	for _, m := range colourRole.FindAllStringSubmatch(darkRules, -1) {
		dark[m[1]] = m[2]
	}
	return light, dark
}

// contrast is the contrast ratio of two colours by WCAG 2.2.
func contrast(a, b string) float64 {
	x, y := luminance(a), luminance(b)
	return (max(x, y) + 0.05) / (min(x, y) + 0.05)
}

// luminance is the relative luminance of a colour, NaN if it is not a colour.
func luminance(hex string) (sum float64) {
	if !hexColour.MatchString(hex) {
		return math.NaN()
	}
	for i, weight := range []float64{0.2126, 0.7152, 0.0722} {
		n, _ := strconv.ParseUint(hex[1+2*i:3+2*i], 16, 8)
		v := float64(n) / 255
		if v <= 0.04045 {
			v /= 12.92
		} else {
			v = math.Pow((v+0.055)/1.055, 2.4)
		}
		sum += weight * v
	}
	return sum
}
