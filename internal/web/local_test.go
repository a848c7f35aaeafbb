package web

import (
	"net/http"
	"net/url"
	"strings"
	"testing"
)

func TestLocalPath(t *testing.T) {
	t.Parallel()
	for _, address := range []string{"/", "/account", "/account/factors/", "/members/018f?done=x&y=%2F", "/logout/done?r=a_b-c", "/authorize/resume?flow=x&go=1"} {
		if got, ok := LocalPath(address); !ok || got != address {
			t.Errorf("LocalPath(%q) = %q, %v", address, got, ok)
		}
	}
	for _, address := range []string{
		"", "account", "//evil.example", "/\t/evil.example", "/%09/evil.example", "/%0a/evil.example", "/%0D/evil.example", "/\\evil.example", "/%5cevil.example",
		"/%5C%5Cevil.example", "/%2f/evil.example", "/%2F%2Fevil.example", "///evil.example", "/.//evil.example", "/..//evil.example", "/a/../..//evil.example", "/a//b",
		"/%2e%2f/evil.example", "/%2509/evil.example", "/%00", "/ /evil.example", " /account", "/account ", "/\u00a0", "/\u2028/evil.example", "/é", "/%7f",
		"https://evil.example", "javascript:alert(1)", "/account#https://evil.example", "/%", "/%zz", "/./", "/../", "/a\n", "/?x=\x00", "/?x=\t",
	} {
		if got, ok := LocalPath(address); ok {
			t.Errorf("LocalPath(%q) = %q, want none", address, got)
		}
	}
}

// TestPagesLeadNowhereElse: what a page repeats of its own address stays here as well.
func TestPagesLeadNowhereElse(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	for _, path := range []string{"//evil.example", "//evil.example/form", "/%09/evil.example", "/%5cevil.example"} {
		body := s.do("GET", path, "").Body.String() + s.do("GET", path, "", header("X-Long", strings.Repeat("x", 17<<10))).Body.String()
		for _, attribute := range []string{`href="//`, `href="/%09`, `href="/%5c`, `href="/\`, `action="//`} {
			if strings.Contains(strings.ToLower(body), attribute) {
				t.Errorf("GET %s: the page has %s", path, attribute)
			}
		}
	}
	if w := s.do("GET", "/away", ""); w.Code != http.StatusInternalServerError || w.Header().Get("Location") != "" {
		t.Errorf("SeeOther led to %q (%d)", w.Header().Get("Location"), w.Code)
	}
}

// FuzzLocalPath: however a browser cleans it up, a local path stays with the host.
func FuzzLocalPath(f *testing.F) {
	for _, seed := range []string{"/account?x=y", "/%09/evil.example", "/\\evil.example", "/.//evil.example", "/%2f/evil.example", "/a/../b", "/%2509/x", "//x"} {
		f.Add(seed)
	}
	base, err := url.Parse("https://idp.example/a/b?c")
	if err != nil {
		f.Fatal(err)
	}
	f.Fuzz(func(t *testing.T, address string) {
		local, ok := LocalPath(address)
		if !ok {
			return
		}
		if again, ok := LocalPath(local); !ok || again != local {
			t.Errorf("LocalPath(%q) = %q, which gives %q, %v", address, local, again, ok)
		}
		once, err := url.PathUnescape(local)
		if err != nil && !strings.Contains(local, "?") {
			t.Errorf("LocalPath(%q) = %q: %v", address, local, err)
		}
		for _, seen := range []string{local, once} {
			path, _, _ := strings.Cut(seen, "?")
			cleaned := strings.NewReplacer("\t", "", "\r", "", "\n", "", "\\", "/").Replace(path)
			if cleaned == "" {
				continue
			}
			target, err := base.Parse(cleaned)
			if err != nil || target.Host != base.Host || target.Scheme != base.Scheme || strings.HasPrefix(target.Path, "//") {
				t.Errorf("LocalPath(%q) = %q, which a browser takes for %v, %v", address, local, target, err)
			}
		}
	})
}
