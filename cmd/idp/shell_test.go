package main

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/alecthomas/kong"
)

func TestVersion(t *testing.T) {
	t.Parallel()
	for _, args := range [][]string{{"--version"}, {"version"}} {
		if code, stdout, stderr := call(t, nil, args...); code != 0 || !strings.HasPrefix(stdout, "idp ") || !strings.Contains(stdout, " go1.") {
			t.Errorf("%v = %d: %q, %s", args, code, stdout, stderr)
		}
	}
	if code, stdout, _ := call(t, nil); code != 0 || !strings.Contains(stdout, "Usage: idp") {
		t.Errorf("idp alone = %d: %s", code, stdout)
	}
}

func TestComplete(t *testing.T) {
	t.Parallel()
	for line, want := range map[string]string{
		"ser":                           "serve",
		"keys r":                        "revoke rewrap rotate rotate-data",
		"keys rotate-data q":            "queue",
		"keys rotate --a":               "--alg",
		"keys rotate --alg E":           "ES256 EdDSA",
		"keys rotate --now --alg=x --n": "--now",
		"roster import --dates ":        "auto day-first month-first",
		"roster import --review x --al": "--allow-doubtful --allow-old --allow-shrink --allow-test --allow-unreadable",
		"roster sample -n ":             "",
		"roster import ":                "",
		"completion ":                   "bash fish zsh",
		"conf":                          "config",
	} {
		_, stdout, _ := call(t, nil, append([]string{completeWord}, strings.Split(line, " ")...)...)
		if got := strings.Join(strings.Fields(stdout), " "); got != want {
			t.Errorf("after %q: %q, want %q", line, got, want)
		}
	}
}

// The script of bash is run by bash, with the program that the tests are.
func TestCompletionInBash(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	for shell, word := range map[string]string{"bash": "complete -o default", "zsh": "#compdef idp", "fish": "complete -c idp"} {
		code, stdout, stderr := call(t, nil, "completion", shell)
		if code != 0 || !strings.Contains(stdout, word) {
			t.Errorf("completion %s = %d: %s%s", shell, code, stdout, stderr)
		}
		if err := os.WriteFile(filepath.Join(dir, shell), []byte(stdout), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	if code, _, _ := call(t, nil, "completion", "tcsh"); code != 2 {
		t.Errorf("completion tcsh = %d, want 2", code)
	}
	script := `idp() { printf '%s|' "$@"; }; . "$0"; COMP_WORDS=(idp keys ro); COMP_CWORD=2; _idp; echo "${COMPREPLY[@]}"`
	out, err := exec.Command("bash", "-c", script, filepath.Join(dir, "bash")).CombinedOutput()
	if err != nil || strings.TrimSpace(string(out)) != completeWord+"|keys|ro|" {
		t.Errorf("bash asks %q, %v", out, err)
	}
}

// The manual has every command, flag and setting.
func TestManual(t *testing.T) {
	t.Parallel()
	code, stdout, stderr := call(t, nil, "man")
	if code != 0 {
		t.Fatalf("man = %d: %s", code, stderr)
	}
	page := strings.NewReplacer(`\-`, "-", `\(aq`, "'").Replace(stdout)
	for _, field := range fields() {
		if !strings.Contains(page, ".B IDP_"+field.Tag.Get("env")+"\n") {
			t.Errorf("the manual lacks IDP_%s", field.Tag.Get("env"))
		}
	}
	for _, leaf := range kong.Must(&commands{}, kongOptions()...).Model.Leaves(true) {
		if !strings.Contains(page, ".SS "+leaf.FullPath()) {
			t.Errorf("the manual lacks %s", leaf.FullPath())
		}
		for _, flag := range leaf.Flags {
			if !strings.Contains(page, "--"+flag.Name) {
				t.Errorf("the manual lacks --%s of %s", flag.Name, leaf.FullPath())
			}
		}
	}
}
