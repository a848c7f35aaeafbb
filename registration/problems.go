package registration

import "huskyidp/templates"

// problems are the reasons why a form is refused, at most one per field.
type problems []templates.Problem

func (p *problems) add(field, key string, pairs ...any) {
	args := templates.Args{}
	for i := 0; i+1 < len(pairs); i += 2 {
		args[pairs[i].(string)] = pairs[i+1]
	}
	*p = append(*p, templates.Problem{Field: field, Key: key, Args: args})
}
