package templates

import (
	"html/template"
	"strings"
)

// Paragraphs divides a legal text at its empty lines, at headings and where a list begins. A paragraph is one line, or one
// for each item of a list.
func Paragraphs(text string) (all []string) {
	current := ""
	end := func() {
		if current != "" {
			all = append(all, current)
		}
		current = ""
	}
	for line := range strings.Lines(strings.TrimPrefix(text, "\ufeff")) {
		line = strings.Join(strings.Fields(line), " ")
		list := strings.HasPrefix(current, "- ")
		switch {
		case line == "":
			end()
		case strings.HasPrefix(line, "# "):
			end()
			all = append(all, line)
		case strings.HasPrefix(line, "- ") && list:
			current += "\n" + line
		case strings.HasPrefix(line, "- "), current == "":
			end()
			current = line
		default:
			current += " " + line
		}
	}
	end()
	return all
}

// legalHTML renders a paragraph of a legal text. "# " before it makes it a heading, "- " before each line a list, and
// "**" around words sets them in bold; everything else is plain text.
func legalHTML(paragraph string) template.HTML {
	if heading, ok := strings.CutPrefix(paragraph, "# "); ok {
		return template.HTML("<h2>" + template.HTMLEscapeString(strings.TrimSpace(heading)) + "</h2>")
	}
	if !strings.HasPrefix(paragraph, "- ") {
		return template.HTML("<p>" + boldHTML(paragraph) + "</p>")
	}
	var b strings.Builder
	b.WriteString(`<ul class="list">`)
	for item := range strings.SplitSeq(paragraph[len("- "):], "\n- ") {
		b.WriteString("<li>" + boldHTML(item) + "</li>")
	}
	b.WriteString("</ul>")
	return template.HTML(b.String())
}

// boldHTML sets the text between two "**" in bold; one without a partner is text.
func boldHTML(text string) string {
	parts := strings.Split(template.HTMLEscapeString(text), "**")
	if len(parts)%2 == 0 {
		return strings.Join(parts, "**")
	}
	for i := 1; i < len(parts); i += 2 {
		parts[i] = "<b>" + parts[i] + "</b>"
	}
	return strings.Join(parts, "")
}
