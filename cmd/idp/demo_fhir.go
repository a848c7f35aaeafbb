package main

import (
	"context"
	"encoding/csv"
	"errors"
	"net/http"
	"path/filepath"
	"strings"

	"github.com/google/uuid"

	"huskyidp/internal/fhirdemo"
	"huskyidp/internal/portal"
	"huskyidp/members"
	"huskyidp/provider"
)

const (
	fhirPath       = "/r4"  // of the demo's FHIR server
	fhirName       = "demo" // fhir_server
	fhirClientID   = "sample-fhir-server"
	healthClientID = "sample-health-app"
)

// fhirServers are two on one listener: one trusts the provider's tokens, the other the sandbox's.
func fhirServers(ctx context.Context, a *app, parts demoParts) (http.Handler, error) {
	own, err := fhirServer(ctx, a, filepath.Join(parts.dir, "fhir-secret"), localURL(parts.fhir)+fhirPath)
	if err != nil {
		return nil, err
	}
	tried, err := fhirServer(ctx, parts.tried, filepath.Join(parts.dir, sandboxFHIRSecret), localURL(parts.fhir)+sandboxFHIRPath)
	if err != nil {
		return nil, err
	}
	mux := http.NewServeMux()
	mux.Handle("/", own)
	mux.Handle(sandboxFHIRPath+"/", tried)
	return mux, nil
}

// fhirServer registers a FHIR server and returns it.
func fhirServer(ctx context.Context, a *app, secretFile, base string) (*fhirdemo.Server, error) {
	m := provider.Metadata{ClientName: "Expediente de muestra", Profile: provider.ProfileService, ResourceServer: []string{base}}
	m.ClientNameEN, m.FHIRServer = "Sample record", fhirName
	secret, err := secretClient(ctx, a, secretFile, fhirClientID, m)
	if err != nil {
		return nil, err
	}
	return fhirdemo.New(fhirdemo.Options{Issuer: a.issuer, Name: fhirName, BaseURL: base, ClientID: fhirClientID, ClientSecret: secret, Source: rosterRecords{a.roster}, Logger: a.logger})
}

// healthClient registers the app of the health record that developers try.
func healthClient(ctx context.Context, a *app, base, fhir string) error {
	m := provider.Metadata{ClientName: "Mi Salud de muestra", OperatorName: "Aplicaciones de muestra", Profile: provider.ProfileSmart, TokenEndpointAuthMethod: "none", Audience: []string{fhir},
		RedirectURIs: []string{base + portal.TryHealthCallbackPath}, InitiateLoginURI: base + portal.TryHealthPath, ClientURI: base + portal.TryHealthPath,
		Scope: strings.Fields("openid fhirUser launch launch/patient offline_access patient/*.rs")}
	m.ClientNameEN = "Sample health app"
	return publicClient(ctx, a, healthClientID, m)
}

// rosterRecords gives the FHIR server what the roster knows of members. Records of services are those of the sample.
type rosterRecords struct{ roster *members.Roster }

func (r rosterRecords) Person(ctx context.Context, id string) (fhirdemo.Person, bool, error) {
	parsed, err := uuid.Parse(id)
	if err != nil {
		return fhirdemo.Person{}, false, nil
	}
	m, err := r.roster.Member(ctx, parsed)
	if errors.Is(err, members.ErrUnknown) {
		return fhirdemo.Person{}, false, nil
	}
	return fhirdemo.Person{ID: m.ID, FirstName: m.FirstName, LastName: m.LastName, Suffix: m.Suffix, BirthDate: day(m.BirthDate), Program: m.Program,
		CoverageStart: day(m.CoverageStart), CoverageEnd: day(m.CoverageEnd)}, err == nil, err
}

func day(d members.Date) string {
	if d == (members.Date{}) {
		return ""
	}
	return d.String()
}

func (r rosterRecords) Everyone(ctx context.Context) ([]fhirdemo.Person, error) {
	rows, err := csv.NewReader(strings.NewReader(sampleRoster)).ReadAll()
	if err != nil {
		return nil, err
	}
	var numbers []string
	for _, row := range rows[1:] {
		numbers = append(numbers, row[0])
	}
	ids, err := r.roster.IDs(ctx, numbers)
	if err != nil {
		return nil, err
	}
	var everyone []fhirdemo.Person
	for _, number := range numbers {
		if id, known := ids[number]; known {
			person, found, err := r.Person(ctx, id.String())
			if err != nil {
				return nil, err
			}
			if found {
				everyone = append(everyone, person)
			}
		}
	}
	return everyone, nil
}
