package main

import (
	"context"
	"strings"
	"testing"

	"huskyidp/admin"
)

// TestStaffCommands (S-61): the operator names who works at the desk, changes roles and takes them away.
func TestStaffCommands(t *testing.T) {
	env, stdout, _ := commandEnvironment(t)
	run := func(cmd interface {
		Run(ctx context.Context, env *Environment) error
	}) error {
		stdout.Reset()
		return cmd.Run(t.Context(), env)
	}
	rosa := &StaffCreateCmd{Username: "Rosa", Email: "rosa@desk.example", Name: "Rosa Vega", Role: []admin.Role{admin.Read, admin.Recover}, Language: "es"}
	if err := run(rosa); err != nil || !strings.Contains(stdout.String(), "/recover/password") {
		t.Fatalf("create: %v %s", err, stdout)
	}
	for name, wrong := range map[string]*StaffCreateCmd{
		"taken name":    rosa,
		"no role":       {Username: "eva", Email: "eva@desk.example", Name: "Eva"},
		"unknown role":  {Username: "eva", Email: "eva@desk.example", Name: "Eva", Role: []admin.Role{"root"}},
		"wrong address": {Username: "eva", Email: "eva", Name: "Eva", Role: []admin.Role{admin.Read}},
		"no name":       {Username: "eva", Email: "eva@desk.example", Name: " ", Role: []admin.Role{admin.Read}},
	} {
		if err := run(wrong); err == nil {
			t.Errorf("%s: an account was made", name)
		}
	}
	if err := run(&StaffRoleCmd{Username: "rosa", Role: []admin.Role{admin.Audit}}); err != nil {
		t.Fatalf("role: %v", err)
	}
	if !strings.Contains(stdout.String(), "Nobody at the desk has the role admin") {
		t.Errorf("the last administrator is gone without a word:\n%s", stdout)
	}
	if err := run(&StaffListCmd{}); err != nil || !strings.Contains(stdout.String(), "rosa      Rosa Vega  [audit]  active") {
		t.Errorf("list: %v\n%s", err, stdout)
	}
	if strings.Contains(stdout.String(), "rosa@") {
		t.Error("the list shows addresses")
	}
	if err := run(&StaffRemoveCmd{Username: "rosa"}); err != nil {
		t.Fatalf("remove: %v", err)
	}
	stdout.Reset()
	if err := run(&StaffRemoveCmd{Username: "rosa"}); err != nil || !strings.Contains(stdout.String(), "Rosa Vega no longer works at the desk already, since 20") || !strings.Contains(stdout.String(), "nothing was changed") {
		t.Errorf("removed again: %v, %s, want that it was so", err, stdout)
	}
	if err := run(&StaffRemoveCmd{Username: "nobody.else"}); err == nil || !strings.Contains(err.Error(), "nobody at the desk has the username") {
		t.Errorf("somebody who was never there: %v", err)
	}
	stdout.Reset()
	if err := run(&StaffListCmd{}); err != nil || strings.Contains(stdout.String(), "rosa") {
		t.Errorf("list after the removal: %v\n%s", err, stdout)
	}
}
