package templates

import (
	"html"
	"html/template"
	"regexp"
	"strings"
)

var attribute = regexp.MustCompile(` (name|value|type)="([^"]*)"`)

// typing returns the button that Enter presses in the page's form, nil if there is no such form or it has no field.
func typing(main template.HTML) *Hidden {
	_, form, found := strings.Cut(string(main), `id="page-form"`)
	if !found {
		return nil
	}
	form, _, _ = strings.Cut(form, "</form>")
	if !hasField(form) {
		return nil
	}
	for {
		var button string
		if _, form, found = strings.Cut(form, "<button"); !found {
			return &Hidden{} // Enter submits a form without a button as it is
		}
		button, form, _ = strings.Cut(form, ">")
		attributes := map[string]string{}
		for _, m := range attribute.FindAllStringSubmatch(button, -1) {
			attributes[m[1]] = html.UnescapeString(m[2])
		}
		if attributes["type"] != "button" {
			return &Hidden{attributes["name"], attributes["value"]}
		}
	}
}

func hasField(form string) bool {
	if strings.Contains(form, "<select") || strings.Contains(form, "<textarea") {
		return true
	}
	for found := true; found; {
		if _, form, found = strings.Cut(form, "<input "); found && !strings.HasPrefix(form, `type="hidden"`) {
			return true
		}
	}
	return false
}
