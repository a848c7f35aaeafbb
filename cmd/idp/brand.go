package main

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"

	"huskyidp/registration"
	"huskyidp/templates"
)

// BrandCmd is "idp brand".
type BrandCmd struct {
	Sample BrandSampleCmd `cmd:"" help:"Write a folder to begin your own brand with."`
	Check  BrandCheckCmd  `cmd:"" help:"Check a brand's folder as serve does at its start."`
}

// Help is shown by --help.
func (BrandCmd) Help() string {
	return `A brand is a folder that IDP_BRAND_DIR names: brand.json with the programme's name, the line under it, the banner of an
official site, telephone and hours of support, and colours; logo.svg and icon.svg; privacy.<language>.txt,
nondiscrimination.<language>.txt and taglines.txt; agreement/ and certification/ as of IDP_AGREEMENT_DIR. All but brand.json
may be missing, and any part of that. Look at it with: idp demo --brand FOLDER`
}

// BrandSampleCmd is "idp brand sample".
type BrandSampleCmd struct {
	Folder string `arg:"" help:"Folder to make."`
}

// Run writes the sample brand and agreement. It overwrites nothing.
func (c *BrandSampleCmd) Run(p *process) error {
	if _, err := os.Stat(c.Folder); err == nil {
		return fmt.Errorf("%s exists already", c.Folder)
	}
	for _, part := range []fs.FS{templates.SampleBrand(), registration.SampleLegal()} {
		if err := os.CopyFS(c.Folder, part); err != nil {
			return err
		}
	}
	_, err := fmt.Fprintf(p.stdout, "Change the texts in %s, each marked as a sample. Then: idp brand check %s\n", c.Folder, c.Folder)
	return err
}

// BrandCheckCmd is "idp brand check".
type BrandCheckCmd struct {
	Folder    string   `arg:"" help:"The brand's folder." type:"existingdir"`
	Languages []string `placeholder:"TAG,…" help:"Languages that pages are in, as in IDP_LANGUAGES. Default: all but drafts."`
}

// Run reports every mistake.
func (c *BrandCheckCmd) Run(p *process) error {
	brand, err := loadBrand(c.Folder, c.Languages)
	set, loadErr := templates.Load(templates.Options{Brand: brand, Languages: c.Languages})
	if loadErr != nil {
		return errors.Join(err, loadErr)
	}
	said := "The brand is in order.\n"
	if hasAgreement(c.Folder) {
		_, legalErr := loadLegal(c.Folder, set.Languages())
		err = errors.Join(err, legalErr)
	} else {
		said += "It has no agreement of its own, or the sample's: serve needs another.\n"
	}
	unused, unusedErr := templates.UnusedInBrand(os.DirFS(c.Folder))
	if err = errors.Join(err, unusedErr); err != nil {
		return err
	}
	for _, name := range unused {
		said += "Nothing reads " + name + ".\n"
	}
	_, err = io.WriteString(p.stdout, said)
	return err
}
