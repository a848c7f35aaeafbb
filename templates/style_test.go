package templates

import (
	"math"
	"testing"
)

func TestContrast(t *testing.T) {
	light, dark := schemes(string(load(t).assets["style.css"].plain))
	for name, own := range map[string]Colours{"light": light, "dark": dark} {
		for _, err := range (Colours{}).check(own) {
			t.Errorf("%s: %v", name, err)
		}
	}
	if got := contrast("#000000", "#FFFFFF"); math.Abs(got-21) > 0.01 {
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
