package templates

import (
	"bytes"
	"encoding/xml"
	"errors"
	"fmt"
	"io"
	"strings"
)

// svgElements are the elements allowed in a logo: shapes, and nothing that runs, loads or contains HTML.
var svgElements = map[string]bool{
	"svg": true, "g": true, "title": true, "desc": true, "defs": true, "path": true, "rect": true, "circle": true, "ellipse": true, "line": true,
	"polyline": true, "polygon": true, "use": true, "symbol": true, "clipPath": true, "mask": true, "linearGradient": true, "radialGradient": true, "stop": true,
}

// svg reads an image, nil if there is none.
func (r *brandReader) svg(name string) []byte {
	data := r.read(name, 64<<10)
	if data == nil {
		return nil
	}
	if err := checkSVG(data); err != nil {
		r.wrong(name, err)
		return nil
	}
	return data
}

func checkSVG(data []byte) error {
	d := xml.NewDecoder(bytes.NewReader(data))
	root := true
	for {
		token, err := d.Token()
		if errors.Is(err, io.EOF) {
			if root {
				return errors.New("is no SVG image")
			}
			return nil
		}
		if err != nil {
			return fmt.Errorf("is not well-formed: %w", err)
		}
		switch token := token.(type) {
		case xml.Directive:
			return errors.New("must have no document type")
		case xml.StartElement:
			if err := checkSVGElement(token, root); err != nil {
				return err
			}
			root = false
		}
	}
}

func checkSVGElement(e xml.StartElement, root bool) error {
	if e.Name.Space != "http://www.w3.org/2000/svg" || !svgElements[e.Name.Local] || root != (e.Name.Local == "svg") {
		return fmt.Errorf("must not hold the element %q here", e.Name.Local)
	}
	sized := false
	for _, a := range e.Attr {
		name, value := strings.ToLower(a.Name.Local), strings.ToLower(a.Value)
		sized = sized || name == "viewbox"
		switch {
		case strings.HasPrefix(name, "on"), name == "style" && strings.Contains(value, "url("), strings.Contains(value, "javascript:"):
			return fmt.Errorf("must not hold the attribute %q", a.Name.Local)
		case name == "href" && !strings.HasPrefix(a.Value, "#"), strings.Contains(strings.ReplaceAll(value, "url(#", ""), "url("):
			return fmt.Errorf("must load nothing: %q", a.Name.Local)
		}
	}
	if root && !sized {
		return errors.New("needs a viewBox")
	}
	return nil
}
