package web

import (
	"fmt"
	"strings"

	"github.com/boombuler/barcode/qr"

	"huskyidp/templates"
)

// quiet is the white margin that readers need (ISO/IEC 18004).
const quiet = 4

// NewQR draws a text.
func NewQR(text string) (templates.QR, error) {
	code, err := qr.Encode(text, qr.M, qr.Auto)
	if err != nil {
		return templates.QR{}, fmt.Errorf("drawing a QR code: %w", err)
	}
	size := code.Bounds().Dx()
	dark := func(x, y int) bool {
		if x >= size {
			return false
		}
		r, _, _, _ := code.At(x, y).RGBA()
		return r == 0
	}
	var path strings.Builder
	for y := range size {
		for x := 0; x < size; x++ {
			from := x
			for dark(x, y) {
				x++
			}
			if x > from {
				fmt.Fprintf(&path, "M%d %dh%dv1h-%dz", from+quiet, y+quiet, x-from, x-from)
			}
		}
	}
	return templates.QR{Size: size + 2*quiet, Path: path.String()}, nil
}
