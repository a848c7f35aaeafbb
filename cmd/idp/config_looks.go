package main

import (
	"bytes"
	"fmt"
	"io/fs"
	"os"
	"slices"
	"strings"
	"time"

	"huskyidp/registration"
	"huskyidp/templates"
)

// checkLooks reads the settings for pages and mails.
func (e *environment) checkLooks(m *mistakes) templates.Options {
	o := templates.Options{SupportEmail: e.SupportEmail, SupportPhone: e.SupportPhone, Languages: e.Languages}
	var err error
	if o.TimeZone, err = time.LoadLocation(e.TimeZone); err != nil {
		m.wrong("TIME_ZONE", "must be a time zone such as America/New_York")
	}
	if e.BrandDir != "" {
		if o.Brand, err = loadBrand(e.BrandDir, e.Languages); err != nil {
			m.wrong("BRAND_DIR", "%v", err)
		}
	}
	return o
}

// loadBrand adds the folder to the mistakes.
func loadBrand(dir string, languages []string) (*templates.Brand, error) {
	brand, err := templates.LoadBrand(os.DirFS(dir), languages)
	if err != nil {
		return nil, fmt.Errorf("%s: %s", dir, strings.ReplaceAll(err.Error(), "\n", "\n"+dir+": "))
	}
	return brand, nil
}

// agreementDir is the folder with the operator's agreement and certification: its own, the brand's, or "".
func (e *environment) agreementDir() string {
	if e.AgreementDir == "" && hasAgreement(e.BrandDir) {
		return e.BrandDir
	}
	return e.AgreementDir
}

// hasAgreement reports whether a brand's folder has an agreement other than the sample.
func hasAgreement(brandDir string) bool {
	if brandDir == "" {
		return false
	}
	folder := os.DirFS(brandDir)
	names, _ := fs.Glob(folder, "agreement/*.txt") // the pattern is well-formed
	return slices.ContainsFunc(names, func(name string) bool {
		own, err := fs.ReadFile(folder, name)
		sample, _ := fs.ReadFile(registration.SampleLegal(), name) // nil if the sample has none of that date
		return err != nil || !bytes.Equal(own, sample)
	})
}
