package accounts

import "huskyidp/templates"

// rules maps flaws to the rules that a page shows beside the field of a new password.
var rules = map[Flaw]string{FlawShort: "length", FlawCommon: "common", FlawPersonal: "personal"}

// PasswordProblem reports the first flaw of a new password, and marks the rules that it does not meet.
func PasswordProblem(flaws []Flaw) templates.Problem {
	var unmet []string
	for _, flaw := range flaws {
		if rule := rules[flaw]; rule != "" {
			unmet = append(unmet, rule)
		}
	}
	return Problem("new_password", "registration.credentials.password_", flaws[0], templates.Args{"min": PasswordMin, "unmet": unmet})
}
