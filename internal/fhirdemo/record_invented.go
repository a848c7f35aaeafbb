package fhirdemo

import "time"

const (
	loinc       = "http://loinc.org"
	ucum        = "http://unitsofmeasure.org"
	categories  = "http://terminology.hl7.org/CodeSystem/observation-category"
	claimTypes  = "http://terminology.hl7.org/CodeSystem/claim-type"
	adjudicated = "http://terminology.hl7.org/CodeSystem/adjudication"
)

// benefits returns two settled claims.
func (p Person) benefits(now time.Time) []resource {
	coverage := resource{"display": "HUSKY Health"}
	if p.CoverageStart != "" {
		coverage = resource{"reference": "Coverage/" + p.resourceID("Coverage", 0)}
	}
	var all []resource
	for _, claim := range []struct {
		kind, label, provider, created, service string
		paid                                    float64
	}{
		{"professional", "Professional", "Clínica Los Sauces", "2026-02-11", "Office visit", 84.5},
		{"pharmacy", "Pharmacy", "Farmacia del Parque", "2026-03-02", "Lisinopril 10 mg", 12.25},
	} {
		paid := resource{"value": claim.paid, "currency": "USD"}
		all = append(all, resource{"status": "active", "use": "claim", "outcome": "complete", "type": concept(claimTypes, claim.kind, claim.label),
			"patient": p.reference(), "created": claim.created, "insurer": resource{"display": "HUSKY Health"}, "provider": resource{"display": claim.provider},
			"insurance": []any{resource{"focal": true, "coverage": coverage}},
			"item":      []any{resource{"sequence": 1, "productOrService": resource{"text": claim.service}}},
			"total":     []any{resource{"category": concept(adjudicated, "benefit", "Benefit Amount"), "amount": paid}}})
	}
	return all
}

// observations returns results of four categories.
func (p Person) observations(time.Time) (all []resource) {
	add := func(category, code, display, date string, more resource) {
		o := resource{"status": "final", "category": []any{concept(categories, category, category)}, "code": concept(loinc, code, display),
			"subject": p.reference(), "effectiveDateTime": date}
		for name, value := range more {
			o[name] = value
		}
		all = append(all, o)
	}
	quantity := func(value float64, unit string) resource {
		return resource{"value": value, "unit": unit, "system": ucum, "code": unit}
	}
	add("laboratory", "4548-4", "Hemoglobin A1c", "2026-02-11", resource{"valueQuantity": quantity(5.6, "%")})
	add("laboratory", "2093-3", "Cholesterol", "2026-02-11", resource{"valueQuantity": quantity(182, "mg/dL")})
	add("vital-signs", "29463-7", "Body weight", "2026-02-11", resource{"valueQuantity": quantity(70.3, "kg")})
	add("vital-signs", "85354-9", "Blood pressure", "2026-02-11", resource{"component": []any{
		resource{"code": concept(loinc, "8480-6", "Systolic"), "valueQuantity": quantity(118, "mm[Hg]")},
		resource{"code": concept(loinc, "8462-4", "Diastolic"), "valueQuantity": quantity(76, "mm[Hg]")}}})
	add("survey", "44249-1", "PHQ-9", "2026-02-11", resource{"valueQuantity": quantity(3, "{score}")})
	add("social-history", "72166-2", "Tobacco smoking status", "2026-02-11", resource{"valueCodeableConcept": concept("http://snomed.info/sct", "266919005", "Never smoked tobacco")})
	return all
}
