package web

import (
	"fmt"
	"strings"
	"testing"

	"github.com/boombuler/barcode/qr"
)

// The path paints the modules of the code and nothing else, inside a margin of four.
func TestQR(t *testing.T) {
	t.Parallel()
	text := "otpauth://totp/Salud%20HUSKY:maria.n%C3%BA%C3%B1ez?issuer=Salud%20HUSKY&secret=JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP"
	picture, err := NewQR(text)
	if err != nil {
		t.Fatal(err)
	}
	painted := map[[2]int]bool{}
	for run := range strings.SplitSeq(strings.TrimPrefix(picture.Path, "M"), "M") {
		var x, y, width, back int
		if _, err := fmt.Sscanf(run, "%d %dh%dv1h-%dz", &x, &y, &width, &back); err != nil || width != back {
			t.Fatalf("the run %q: %v", run, err)
		}
		for i := range width {
			painted[[2]int{x + i, y}] = true
		}
	}
	code, err := qr.Encode(text, qr.M, qr.Auto)
	if err != nil {
		t.Fatal(err)
	}
	dark := 0
	size := code.Bounds().Dx()
	for y := range size {
		for x := range size {
			if r, _, _, _ := code.At(x, y).RGBA(); r == 0 {
				dark++
				if !painted[[2]int{x + quiet, y + quiet}] {
					t.Fatalf("the module at %d, %d is not painted", x, y)
				}
			}
		}
	}
	if len(painted) != dark || picture.Size != size+2*quiet {
		t.Errorf("%d of %d modules are painted, the side is %d of %d", len(painted), dark, picture.Size, size)
	}
}
