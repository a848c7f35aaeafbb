package templates

import (
	"math"
	"regexp"
	"strconv"
	"strings"
	"testing"
)

// tokens reads the colour roles of the stylesheet: the first :root is light, the one for dark schemes overrides it.
func tokens(t *testing.T, dark bool) map[string]string {
	t.Helper()
	css := string(load(t).assets["style.css"].plain)
	light, rest, ok := strings.Cut(css, "@media (prefers-color-scheme: dark) {")
	if !ok {
		t.Fatal("the stylesheet has no dark scheme")
	}
	colours := map[string]string{}
	pattern := regexp.MustCompile(`--([a-z-]+): (#[0-9A-Fa-f]{6});`)
	for _, m := range pattern.FindAllStringSubmatch(light, -1) {
		colours[m[1]] = m[2]
	}
	if dark {
		darkRules, _, _ := strings.Cut(rest, "\n}")
		for _, m := range pattern.FindAllStringSubmatch(darkRules, -1) {
			colours[m[1]] = m[2]
		}
	}
	return colours
}

// contrast is the ratio of WCAG 2.2.
func contrast(t *testing.T, a, b string) float64 {
	t.Helper()
	luminance := func(hex string) float64 {
		var sum float64
		for i, weight := range []float64{0.2126, 0.7152, 0.0722} {
			n, err := strconv.ParseUint(hex[1+2*i:3+2*i], 16, 8)
			if err != nil {
				t.Fatal(err)
			}
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
	x, y := luminance(a), luminance(b)
	return (max(x, y) + 0.05) / (min(x, y) + 0.05)
}

func TestContrast(t *testing.T) {
	pairs := []struct {
		over, ground string
		atLeast      float64
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
	for _, dark := range []bool{false, true} {
		colours := tokens(t, dark)
		for _, p := range pairs {
			if got := contrast(t, colours[p.over], colours[p.ground]); got < p.atLeast {
				t.Errorf("dark=%v: %s on %s is %.1f, want %.0f", dark, p.over, p.ground, got, p.atLeast)
			}
		}
	}
	if got := contrast(t, "#000000", "#FFFFFF"); math.Abs(got-21) > 0.01 {
		t.Errorf("contrast of black on white = %.2f, want 21", got)
	}
}

func TestAssetWeight(t *testing.T) {
	s := load(t)
	for name, limit := range map[string]int{"style.css": 12 << 10, "page.js": 4 << 10, "icon.svg": 1 << 10} {
		if got := len(s.assets[name].gzipped); got > limit {
			t.Errorf("%s weighs %d bytes compressed, want at most %d", name, got, limit)
		}
	}
}
