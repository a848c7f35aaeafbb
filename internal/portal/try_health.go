package portal

import (
	"context"
	"errors"
	"net/url"
	"strconv"
)

// healthScopes are those of the app of the health record. The member may untick kinds of data, so that the FHIR server
// refuses some of its calls.
var healthScopes = []string{"openid", "fhirUser", "launch/patient", "patient/Patient.rs", "patient/RelatedPerson.rs", "patient/Coverage.rs", "patient/ExplanationOfBenefit.rs",
	"patient/Observation.rs?category=http://terminology.hl7.org/CodeSystem/observation-category|laboratory",
	"patient/Observation.rs?category=http://terminology.hl7.org/CodeSystem/observation-category|vital-signs"}

// launched returns the handle that a FHIR server launched the app with, "" if the visitor started it. iss must be the
// server that the app is registered for (SMART App Launch 2.2, "App Launch").
func (t trial) launched(query url.Values) (handle string, err error) {
	handle = query.Get("launch")
	if iss := query.Get("iss"); iss != t.fhir && (iss != "" || handle != "") {
		return "", errors.New("another FHIR server launched the app")
	}
	return handle, nil
}

// recordSteps reads the patient and what belongs to them. A refusal is shown as it came.
func (p *Portal) recordSteps(ctx context.Context, t trial, patient, token string) ([]tryStep, error) {
	var steps []tryStep
	id := url.PathEscape(patient)
	for i, kind := range []string{"Patient", "RelatedPerson", "Coverage", "ExplanationOfBenefit", "Observation"} {
		address := t.fhir + "/" + kind + "?patient=" + id
		if kind == "Patient" {
			address = t.fhir + "/Patient/" + id
		}
		body, err := p.ask(ctx, address, token)
		if body == nil {
			return steps, err
		}
		note := "GET " + address
		if err != nil {
			note += ": " + err.Error()
		}
		steps = append(steps, tryStep{"record-" + kind, strconv.Itoa(i+7) + ". " + kind, note, indented(body)})
	}
	return steps, nil
}
