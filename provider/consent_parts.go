package provider

import (
	"net/url"
	"slices"
	"strings"
)

// partsOf returns the categories to which a member can narrow scopes on all observations; none if an app of version 1
// requests them, which knows no search parameters.
func partsOf(scopes []string) (parts []consentGroup) {
	wide := false
	for _, scope := range scopes {
		record, ok := parseRecordScope(scope)
		if ok && record.kind == "Observation" && record.category() == "" {
			if record.first {
				return nil
			}
			wide = true
		}
	}
	if !wide {
		return nil
	}
	for _, category := range observationCategories {
		parts = append(parts, consentGroup{Key: categoryKey(category), ID: "part_" + categoryKey(category)})
	}
	return parts
}

func categoryKey(category string) string {
	return "observation_" + strings.ReplaceAll(category, "-", "_")
}

// tick sets the boxes of a group from a submitted form.
func (g *consentGroup) tick(form url.Values) {
	g.Ticked = form.Has(g.ID)
	for i := range g.Parts {
		g.Parts[i].Ticked = form.Has(g.Parts[i].ID)
	}
}

// partWithoutGroup reports whether parts of a group are ticked that itself is not: only the member knows which was meant.
func partWithoutGroup(g consentGroup) bool {
	return !g.Ticked && g.Limited()
}

// Limited reports whether the member ticked a category.
func (g consentGroup) Limited() bool {
	return slices.ContainsFunc(g.Parts, func(part consentGroup) bool { return part.Ticked })
}

// narrowed returns the scopes of a ticked group, and those that the member's choice of categories left out: scopes on all
// observations are replaced by one for each category. Without a choice all are kept.
func (g *consentGroup) narrowed() (kept, left []string) {
	if !g.Limited() {
		return g.scopes, nil
	}
	for _, scope := range g.scopes {
		record, ok := parseRecordScope(scope)
		if !ok || record.kind != "Observation" {
			kept = append(kept, scope)
			continue
		}
		own := record.category()
		for i, category := range observationCategories {
			switch {
			case !g.Parts[i].Ticked, own != "" && own != category:
			case own == category:
				kept = append(kept, scope)
			default:
				kept = append(kept, withParameter(scope, "category="+categorySystem+"|"+category))
			}
		}
		if !slices.Contains(kept, scope) {
			left = append(left, scope)
		}
	}
	return kept, left
}

// withParameter adds a search parameter to a scope.
func withParameter(scope, parameter string) string {
	if strings.Contains(scope, "?") {
		return scope + "&" + parameter
	}
	return scope + "?" + parameter
}
