package templates

import (
	"bytes"
	"compress/gzip"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"io/fs"
	"mime"
	"net/http"
	"path"
	"regexp"
	"strconv"
	"strings"
)

// asset is a static file: its bytes, also compressed, and its address, which contains a hash of them.
type asset struct {
	address     string
	contentType string
	plain       []byte
	gzipped     []byte
}

func loadAssets(files fs.ReadFileFS, dir string) (map[string]*asset, error) {
	entries, err := fs.ReadDir(files, dir)
	if err != nil {
		return nil, err
	}
	assets := make(map[string]*asset, len(entries))
	for _, entry := range entries {
		data, err := files.ReadFile(dir + "/" + entry.Name())
		if err != nil {
			return nil, err
		}
		if assets[entry.Name()], err = newAsset(entry.Name(), data); err != nil {
			return nil, err
		}
	}
	return assets, nil
}

// scriptNotes are the indentation and the lines of comment of a script, which its readers need and phones do not.
var scriptNotes = regexp.MustCompile(`(?m)^[ \t]*(?://.*\n)?`)

func newAsset(name string, data []byte) (*asset, error) {
	ext := path.Ext(name)
	if ext == ".js" {
		data = scriptNotes.ReplaceAll(data, nil)
	}
	hash := sha256.Sum256(data)
	var packed bytes.Buffer
	w, err := gzip.NewWriterLevel(&packed, gzip.BestCompression)
	if err != nil {
		return nil, err
	}
	if _, err := w.Write(data); err != nil {
		return nil, err
	}
	if err := w.Close(); err != nil {
		return nil, err
	}
	return &asset{
		address:     fmt.Sprintf("/static/%s.%s%s", strings.TrimSuffix(name, ext), hex.EncodeToString(hash[:6]), ext),
		contentType: mime.TypeByExtension(ext),
		plain:       data,
		gzipped:     packed.Bytes(),
	}, nil
}

// addBrand adds the files of an operator's brand, replacing our own of the same names.
func (s *Set) addBrand(b *Brand) error {
	if b == nil {
		return nil
	}
	_, dark := schemes(string(s.assets["style.css"].plain))
	for name, data := range map[string][]byte{"logo.svg": b.logo, "icon.svg": b.icon, "brand.css": b.style(dark)} {
		if data == nil {
			continue
		}
		added, err := newAsset(name, data)
		if err != nil {
			return err
		}
		s.assets[name] = added
	}
	return nil
}

// Asset is the address of a static file, such as "style.css"; "" if there is none.
func (s *Set) Asset(name string) string {
	if a, ok := s.assets[name]; ok {
		return a.address
	}
	return ""
}

// Static serves the assets under /static/. An address contains a hash of the content, so it may be cached for ever.
func (s *Set) Static() http.Handler {
	byAddress := make(map[string]*asset, len(s.assets))
	for _, a := range s.assets {
		byAddress[a.address] = a
	}
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		a, ok := byAddress[r.URL.Path]
		if !ok {
			http.NotFound(w, r)
			return
		}
		body := a.plain
		h := w.Header()
		if strings.Contains(r.Header.Get("Accept-Encoding"), "gzip") {
			body = a.gzipped
			h.Set("Content-Encoding", "gzip")
		}
		h.Set("Content-Type", a.contentType)
		h.Set("Content-Length", strconv.Itoa(len(body)))
		h.Set("Cache-Control", "public, max-age=31536000, immutable")
		h.Set("Vary", "Accept-Encoding")
		if r.Method != http.MethodHead {
			_, _ = w.Write(body) // the browser has gone
		}
	})
}
