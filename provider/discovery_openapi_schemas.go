package provider

func stringOf(text string) object  { return object{"type": "string", "description": text} }
func integerOf(text string) object { return object{"type": "integer", "description": text} }

func objectOf(properties object, required ...string) object {
	return object{"type": "object", "properties": properties, "required": required}
}

func listOfStrings() object { return object{"type": "array", "items": object{"type": "string"}} }

// describeSchemas adds the components that do not follow from a Go type.
func describeSchemas(components object) {
	var codes []any
	for _, e := range errorCodes {
		codes = append(codes, object{"const": e.Code, "description": e.When})
	}
	components["ErrorCode"] = object{"type": "string", "oneOf": codes}
	components["Error"] = objectOf(object{
		"error":             refTo("ErrorCode"),
		"error_description": stringOf("What to mend, in ASCII, for the app's developer."),
		"request_id":        stringOf("Name it to the operator, who finds the request by it."),
	}, "error", "error_description")
	components["TokenResponse"] = objectOf(object{
		"access_token":        stringOf("A JWT (RFC 9068), or opaque, as registered."),
		"token_type":          object{"type": "string", "enum": []string{"bearer", "Bearer", "DPoP"}},
		"expires_in":          integerOf("Seconds."),
		"scope":               stringOf("What was granted."),
		"refresh_token":       stringOf("With the scope offline_access. Replaced at each use."),
		"id_token":            stringOf("A JWT, with the scope openid."),
		"patient":             stringOf("SMART App Launch: whose record it is."),
		"encounter":           stringOf("As the launch had it."),
		"fhirContext":         object{"type": "array", "items": object{"type": "object"}, "description": "As the launch had it."},
		"intent":              stringOf("As the launch had it."),
		"need_patient_banner": object{"type": "boolean", "description": "As the launch had it."},
		"smart_style_url":     stringOf("As the FHIR server registered it."),
	}, "access_token", "token_type", "expires_in")
	components["PushedRequest"] = objectOf(object{
		"request_uri": stringOf("Send it with client_id to the authorization endpoint."), "expires_in": integerOf("Seconds."),
	}, "request_uri", "expires_in")
	components["DeviceAuthorization"] = objectOf(object{
		"device_code": stringOf("For the token endpoint."), "user_code": stringOf("For the member to type."),
		"verification_uri": stringOf("Where the member types it."), "verification_uri_complete": stringOf("The same with the code, for a QR code."),
		"expires_in": integerOf("Seconds."), "interval": integerOf("Seconds to wait between requests."),
	}, "device_code", "user_code", "verification_uri", "expires_in", "interval")
	components["Launch"] = objectOf(object{
		"launch": stringOf("Good once, for this app and member."), "iss": stringOf("The FHIR server's address."), "expires_in": integerOf("Seconds."),
	}, "launch", "iss", "expires_in")
	components["SignalsConfiguration"] = objectOf(object{
		"spec_version": stringOf("Of OpenID Shared Signals."), "issuer": stringOf("iss of the tokens."), "jwks_uri": stringOf("The keys that sign them."),
		"delivery_methods_supported": listOfStrings(), "default_subjects": stringOf("Every member who uses the app."),
	}, "issuer", "jwks_uri")
	components["JWKS"] = objectOf(object{"keys": object{"type": "array", "items": object{
		"type": "object", "required": []string{"kty"}, "description": "A public key (RFC 7517).",
	}}}, "keys")
	claims := object{"sub": stringOf("The member at this app, or group of apps.")}
	for _, scope := range memberScopes {
		for _, claim := range scopeClaims[scope] {
			claims[claim] = stringOf("Scope " + scope + ".")
		}
	}
	claims["email_verified"] = object{"type": "boolean", "description": "Scope email."}
	claims["updated_at"] = integerOf("Scope profile. Seconds since 1970.")
	components["Userinfo"] = objectOf(claims, "sub")
}
