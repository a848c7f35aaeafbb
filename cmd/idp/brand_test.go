package main

import (
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// brandFolder is the sample's, made by the command.
func brandFolder(t *testing.T) string {
	t.Helper()
	folder := filepath.Join(t.TempDir(), "brand")
	var out bytes.Buffer
	if err := (&BrandSampleCmd{Folder: folder}).Run(&process{stdout: &out}); err != nil || !strings.Contains(out.String(), "idp brand check "+folder) {
		t.Fatalf("brand sample: %v, %s", err, &out)
	}
	return folder
}

func TestBrandSample(t *testing.T) {
	folder := brandFolder(t)
	var out bytes.Buffer
	p := &process{stdout: &out}
	if err := (&BrandCheckCmd{Folder: folder}).Run(p); err != nil || !strings.HasPrefix(out.String(), "The brand is in order.\n") || !strings.Contains(out.String(), "serve needs another") {
		t.Errorf("brand check of the sample: %v, %s", err, &out)
	}
	must(t, os.WriteFile(filepath.Join(folder, "logo.png"), []byte("x"), 0o600))
	out.Reset()
	if err := (&BrandCheckCmd{Folder: folder}).Run(p); err != nil || !strings.HasSuffix(out.String(), "\nNothing reads logo.png.\n") {
		t.Errorf("brand check beside another file: %v, %s", err, &out)
	}
	if err := (&BrandCheckCmd{Folder: folder, Languages: []string{"es", "en", "pt"}}).Run(p); err == nil || !strings.Contains(err.Error(), folder+": brand.json: name.pt: is missing") {
		t.Errorf("brand check in a language that the sample lacks: %v", err)
	}
	if err := (&BrandSampleCmd{Folder: folder}).Run(p); err == nil || !strings.Contains(err.Error(), "exists already") {
		t.Errorf("over a folder that exists: %v", err)
	}
	if err := (&BrandSampleCmd{Folder: filepath.Join(folder, "brand.json", "under")}).Run(p); err == nil {
		t.Error("a folder under a file was made")
	}
	for name, want := range map[string]string{"brand.json": folder + ": brand.json: unexpected EOF", "logo.svg": folder + ": logo.svg: is no SVG image", "agreement/2026-11-02.es.txt": "legal texts: agreement/2026-11-02.en.txt is missing"} {
		path := filepath.Join(folder, name)
		was, err := os.ReadFile(path)
		if err != nil && !os.IsNotExist(err) {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte("{"), 0o600); err != nil {
			t.Fatal(err)
		}
		if err := (&BrandCheckCmd{Folder: folder}).Run(p); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s broken: %v, want %q", name, err, want)
		}
		if err := os.WriteFile(path, was, 0o600); err != nil {
			t.Fatal(err)
		}
		if was == nil {
			os.Remove(path)
		}
	}
}

// The settings of serve name a brand, whose agreement counts unless another folder is named.
func TestBrandSetting(t *testing.T) {
	folder := brandFolder(t)
	vars := production()
	vars["IDP_BRAND_DIR"] = folder
	delete(vars, "IDP_AGREEMENT_DIR")
	if _, _, err := readEnvironment(vars); err == nil || !strings.Contains(err.Error(), "IDP_AGREEMENT_DIR: is missing: members would agree to the sample text") {
		t.Errorf("with the sample's agreement: %v", err)
	}
	for _, name := range []string{"agreement/2026-11-02.es.txt", "agreement/2026-11-02.en.txt"} {
		must(t, os.WriteFile(filepath.Join(folder, name), []byte("Un acuerdo.\n"), 0o600))
	}
	_, s, err := readEnvironment(vars)
	if err != nil || s.templates.Brand == nil || s.agreementDir != folder {
		t.Errorf("readEnvironment: %v, brand %v, agreement %q, want those of the folder", err, s.templates.Brand, s.agreementDir)
	}
	vars["IDP_AGREEMENT_DIR"] = "/etc/idp/agreement"
	if _, s, err = readEnvironment(vars); err != nil || s.agreementDir != "/etc/idp/agreement" {
		t.Errorf("readEnvironment: %v, agreement %q, want the folder of its own", err, s.agreementDir)
	}
	if err := os.Remove(filepath.Join(folder, "brand.json")); err != nil {
		t.Fatal(err)
	}
	if _, _, err = readEnvironment(vars); err == nil || !strings.Contains(err.Error(), "IDP_BRAND_DIR: "+folder+": brand.json: is missing") {
		t.Errorf("without brand.json: %v", err)
	}
	if err := os.RemoveAll(filepath.Join(folder, "agreement")); err != nil {
		t.Fatal(err)
	}
	delete(vars, "IDP_AGREEMENT_DIR")
	if _, _, err = readEnvironment(vars); err == nil || !strings.Contains(err.Error(), "IDP_AGREEMENT_DIR: is missing") {
		t.Errorf("without an agreement: %v", err)
	}
	if err := (&DemoCmd{DataDir: t.TempDir(), Brand: folder}).Run(t.Context(), &process{stderr: &bytes.Buffer{}}); err == nil || !strings.Contains(err.Error(), "brand.json: is missing") {
		t.Errorf("demo with a broken brand: %v", err)
	}
}

// An agreement of next year is none that members could accept today.
func TestBrandAgreementInForce(t *testing.T) {
	folder := brandFolder(t)
	must(t, os.RemoveAll(filepath.Join(folder, "agreement")))
	must(t, os.Mkdir(filepath.Join(folder, "agreement"), 0o700))
	for _, name := range []string{"agreement/2999-01-01.es.txt", "agreement/2999-01-01.en.txt"} {
		must(t, os.WriteFile(filepath.Join(folder, name), []byte("Un acuerdo.\n"), 0o600))
	}
	err := (&BrandCheckCmd{Folder: folder}).Run(&process{stdout: &bytes.Buffer{}})
	if err == nil || !strings.Contains(err.Error(), "no agreement is in force before 2999-01-01") {
		t.Errorf("brand check = %v", err)
	}
}
