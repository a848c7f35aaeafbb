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

// checkLooks reads what pages and mails show of the operator.
func (e *environment) checkLooks(m *mistakes) templates.Options {
	o := templates.Options{SupportEmail: e.SupportEmail, SupportPhone: e.SupportPhone}
	var err error
	if o.TimeZone, err = time.LoadLocation(e.TimeZone); err != nil {
		m.wrong("TIME_ZONE", "must be a time zone such as America/New_York")
	}
	if e.BrandDir != "" {
		if o.Brand, err = loadBrand(e.BrandDir); err != nil {
			m.wrong("BRAND_DIR", "%v", err)
		}
	}
	return o
}

// loadBrand also reports where the mistakes are.
func loadBrand(dir string) (*templates.Brand, error) {
	brand, err := templates.LoadBrand(os.DirFS(dir))
	if err != nil {
		return nil, fmt.Errorf("%s: %s", dir, strings.ReplaceAll(err.Error(), "\n", "\n"+dir+": "))
	}
	return brand, nil
}

// agreementDir holds the operator's agreement and certification: a folder of their own, or the brand's, "" for none.
func (e *environment) agreementDir() string {
	if e.AgreementDir == "" && hasAgreement(e.BrandDir) {
		return e.BrandDir
	}
	return e.AgreementDir
}

// hasAgreement reports whether a brand's folder holds an agreement, other than the sample's.
func hasAgreement(brandDir string) bool {
	if brandDir == "" {
		return false
	}
	folder := os.DirFS(brandDir)
	names, _ := fs.Glob(folder, "agreement/*.txt") // the pattern is well-formed
	return slices.ContainsFunc(names, func(name string) bool {
		own, err := fs.ReadFile(folder, name)
		sample, _ := fs.ReadFile(registration.SampleLegal(), name) // nil where the sample has none of that date
		return err != nil || !bytes.Equal(own, sample)
	})
}
