package main

import (
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"huskyidp/internal/seal"
)

func TestKeysCommands(t *testing.T) {
	env, stdout, _ := commandEnvironment(t)
	service, err := newKeys(env)
	if err != nil {
		t.Fatal(err)
	}
	if err := service.Ensure(t.Context()); err != nil {
		t.Fatal(err)
	}
	list := func() string {
		t.Helper()
		stdout.Reset()
		if err := (&KeysListCmd{}).Run(t.Context(), env); err != nil {
			t.Fatalf("keys list: %v", err)
		}
		return stdout.String()
	}
	if got := list(); !regexp.MustCompile(`ES256 +active .*-\n`).MatchString(got) || !regexp.MustCompile(`RS256 +active`).MatchString(got) {
		t.Errorf("keys list = %s, want two active keys", got)
	}
	stdout.Reset()
	if err := (&KeysRotateCmd{Alg: "ES256"}).Run(t.Context(), env); err != nil {
		t.Fatalf("keys rotate: %v", err)
	}
	if err := (&KeysRotateCmd{Alg: "ES256"}).Run(t.Context(), env); err != nil || !strings.Contains(stdout.String(), "waits already") {
		t.Errorf("rotating again: %q, %v, want that a key waits", stdout, err)
	}
	if err := (&KeysRotateCmd{Now: true}).Run(t.Context(), env); err != nil {
		t.Fatalf("keys rotate --now: %v", err)
	}
	after := list()
	if n := strings.Count(after, "retiring"); n != 2 {
		t.Errorf("after rotating at once: %s, want two retiring keys", after)
	}
	kid, _, _ := strings.Cut(strings.Split(after, "\n")[1], " ")
	if err := (&KeysRevokeCmd{KID: kid, Reason: "test"}).Run(t.Context(), env); err != nil {
		t.Fatalf("keys revoke: %v", err)
	}
	if got := list(); !regexp.MustCompile(kid + ` +\w+ +revoked`).MatchString(got) {
		t.Errorf("after the revocation: %s, want %s revoked", got, kid)
	}
}

func TestGenerateKEK(t *testing.T) {
	env, stdout, _ := commandEnvironment(t)
	if err := (&KeysGenerateKEKCmd{}).Run(t.Context(), env); err != nil {
		t.Fatal(err)
	}
	if _, err := seal.ParseKEK(stdout.String()); err != nil {
		t.Errorf("the printed key is not usable: %v", err)
	}
	path := filepath.Join(t.TempDir(), "kek")
	if err := (&KeysGenerateKEKCmd{Out: path}).Run(t.Context(), env); err != nil {
		t.Fatal(err)
	}
	if _, err := seal.ReadKEK(path); err != nil {
		t.Errorf("the written key is not usable: %v", err)
	}
	before, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if err := (&KeysGenerateKEKCmd{Out: path}).Run(t.Context(), env); err == nil {
		t.Error("an existing key was overwritten")
	}
	if after, err := os.ReadFile(path); err != nil || string(after) != string(before) {
		t.Errorf("an existing key was changed, %v", err)
	}
}
