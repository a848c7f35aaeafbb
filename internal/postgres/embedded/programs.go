package embedded

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
)

// ErrNoPrograms says that PostgreSQL's programs are not installed.
var ErrNoPrograms = errors.New(`embedded: PostgreSQL's programs initdb and postgres were not found. Install them:
  Debian, Ubuntu:  apt-get install postgresql
  Fedora:          dnf install postgresql-server
  macOS:           brew install postgresql
or set DATABASE_URL to a running server`)

// programs is a folder that holds both programs, and their major version.
type programs struct{ dir, major string }

func (p programs) path(name string) string { return filepath.Join(p.dir, name) }

// findPrograms looks in the given folder, else on PATH, in the distributions'
// folders (highest version first) and in the cached bundle.
func findPrograms(binDir string) (programs, error) {
	if binDir != "" {
		return inspect(binDir)
	}
	for _, dir := range candidates() {
		if p, err := inspect(dir); err == nil {
			return p, nil
		}
	}
	return programs{}, ErrNoPrograms
}

func candidates() []string {
	dirs := filepath.SplitList(os.Getenv("PATH"))
	for _, pattern := range []string{
		"/usr/lib/postgresql/*/bin", "/usr/pgsql-*/bin",
		"/opt/homebrew/opt/postgresql*/bin", "/usr/local/opt/postgresql*/bin",
	} {
		found, _ := filepath.Glob(pattern) // the patterns are well-formed
		slices.SortFunc(found, func(a, b string) int { return numberIn(b) - numberIn(a) })
		dirs = append(dirs, found...)
	}
	return append(dirs, bundleBin())
}

var digits = regexp.MustCompile(`\d+`)

func numberIn(path string) int {
	n, _ := strconv.Atoi(digits.FindString(path)) // 0 sorts last
	return n
}

var versionText = regexp.MustCompile(`\(PostgreSQL\) (\d+)`)

func inspect(dir string) (programs, error) {
	if _, err := os.Stat(filepath.Join(dir, "initdb")); err != nil {
		return programs{}, err
	}
	out, err := exec.Command(filepath.Join(dir, "postgres"), "--version").Output()
	if err != nil {
		return programs{}, fmt.Errorf("asking %s for its version: %w", filepath.Join(dir, "postgres"), err)
	}
	match := versionText.FindSubmatch(out)
	if match == nil {
		return programs{}, fmt.Errorf("%s does not tell its version: %q", filepath.Join(dir, "postgres"), out)
	}
	return programs{dir, string(match[1])}, nil
}
