package fhirdemo

import (
	"strconv"
	"strings"
	"time"

	"github.com/google/uuid"
)

// Person is a member as the roster knows them. Dates are YYYY-MM-DD, "" for none.
type Person struct {
	ID                          uuid.UUID
	FirstName, LastName, Suffix string
	BirthDate                   string
	Program                     string
	CoverageStart, CoverageEnd  string
}

// resource is a FHIR resource, or a part of one.
type resource map[string]any

// kinds are the types that are served and how each is made of a person.
var kinds = map[string]func(Person, time.Time) []resource{
	"Patient":              Person.patient,
	"RelatedPerson":        Person.relatives,
	"Coverage":             Person.coverage,
	"ExplanationOfBenefit": Person.benefits,
	"Observation":          Person.observations,
}

func (p Person) records(kind string, now time.Time) []resource {
	all := kinds[kind](p, now)
	for i, r := range all {
		r["resourceType"] = kind
		if r["id"] == nil {
			r["id"] = p.resourceID(kind, i)
		}
		r["meta"] = resource{"security": []any{coding("http://terminology.hl7.org/CodeSystem/v3-ActReason", "HTEST", "test health data")}}
	}
	return all
}

// resourceID tells nothing about the person and is the same each time.
func (p Person) resourceID(kind string, i int) string {
	return uuid.NewSHA1(p.ID, []byte(kind+"/"+strconv.Itoa(i))).String()
}

func (p Person) reference() resource { return resource{"reference": "Patient/" + p.ID.String()} }

// patient returns the ID of the patient that the resource is about.
func (r resource) patient() string {
	for _, name := range []string{"patient", "subject", "beneficiary"} {
		if reference, ok := r[name].(resource); ok {
			return strings.TrimPrefix(reference["reference"].(string), "Patient/")
		}
	}
	return ""
}

func (p Person) patient(time.Time) []resource {
	name := resource{"use": "official", "family": p.LastName, "given": []any{p.FirstName}}
	if p.Suffix != "" {
		name["suffix"] = []any{p.Suffix}
	}
	return []resource{{"id": p.ID.String(), "active": true, "name": []any{name}, "birthDate": p.BirthDate, "gender": "unknown",
		"address": []any{resource{"city": "Hartford", "state": "CT", "country": "US"}}}}
}

// relatives returns an invented parent of a person who is not of age.
func (p Person) relatives(now time.Time) []resource {
	if p.BirthDate <= now.AddDate(-18, 0, 0).Format(time.DateOnly) {
		return nil
	}
	return []resource{{"active": true, "patient": p.reference(), "name": []any{resource{"family": p.LastName, "given": []any{"Invented"}}},
		"relationship": []any{concept("http://terminology.hl7.org/CodeSystem/v3-RoleCode", "PRN", "parent")}}}
}

func (p Person) coverage(now time.Time) []resource {
	if p.CoverageStart == "" {
		return nil
	}
	status, period := "active", resource{"start": p.CoverageStart}
	if p.CoverageEnd != "" {
		period["end"] = p.CoverageEnd
		if p.CoverageEnd < now.Format(time.DateOnly) {
			status = "cancelled"
		}
	}
	c := resource{"status": status, "type": concept("http://terminology.hl7.org/CodeSystem/v3-ActCode", "PUBLICPOL", "public healthcare"),
		"beneficiary": p.reference(), "period": period, "payor": []any{resource{"display": "HUSKY Health"}}}
	if p.Program != "" {
		c["class"] = []any{resource{"type": concept("http://terminology.hl7.org/CodeSystem/coverage-class", "plan", "Plan"), "value": "HUSKY " + p.Program}}
	}
	return []resource{c}
}

func concept(system, code, display string) resource {
	return resource{"coding": []any{coding(system, code, display)}, "text": display}
}

func coding(system, code, display string) resource {
	return resource{"system": system, "code": code, "display": display}
}
