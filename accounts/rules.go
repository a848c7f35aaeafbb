package accounts

import "slices"

// PasswordRules are what a page shows beside the field of a new password.
type PasswordRules struct {
	MinLength                int
	Length, Common, Personal string // of the password just typed: "met", "unmet", or "" if there was none
}

// JudgePassword tells the rules of a typed password, met or not; known as in CheckPassword.
func JudgePassword(password string, known ...string) PasswordRules {
	rules := PasswordRules{MinLength: PasswordMin}
	if password == "" {
		return rules
	}
	flaws := CheckPassword(password, known...)
	told := func(flaw Flaw) string {
		if slices.Contains(flaws, flaw) {
			return "unmet"
		}
		return "met"
	}
	rules.Length, rules.Common, rules.Personal = told(FlawShort), told(FlawCommon), told(FlawPersonal)
	return rules
}
