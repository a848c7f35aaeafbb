package templates

import (
	"html/template"
	"strings"
)

// Paragraphs divides a legal text at its empty lines. A paragraph is one line, or one for each item of a list.
func Paragraphs(text string) (all []string) {
	text = strings.ReplaceAll(strings.TrimPrefix(text, "\ufeff"), "\r\n", "\n")
	for block := range strings.SplitSeq(text, "\n\n") {
		var b strings.Builder
		for line := range strings.Lines(block) {
			words := strings.Join(strings.Fields(line), " ")
			switch {
			case words == "":
				continue
			case b.Len() > 0 && strings.HasPrefix(words, "- "):
				b.WriteByte('\n')
			case b.Len() > 0:
				b.WriteByte(' ')
			}
			b.WriteString(words)
		}
		if b.Len() > 0 {
			all = append(all, b.String())
		}
	}
	return all
}

// legalHTML is a paragraph of a legal text. Its author may mark a heading by "# " before it, the lines of a list by "- ",
// and words in bold by "**" around them; all else is text.
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

// boldHTML sets what stands between two "**" in bold; one without a partner is text.
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
