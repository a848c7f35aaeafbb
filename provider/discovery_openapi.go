package provider

import (
	"cmp"
	"maps"
	"reflect"
	"slices"
	"strconv"
	"strings"

	"github.com/gin-gonic/gin"
	"github.com/go-jose/go-jose/v4/jwt"

	"huskyidp/internal/openapi"
)

type object = openapi.Object

// openAPIPath is where the OpenAPI document is.
const openAPIPath = "/openapi.json"

func (h *Handler) showOpenAPI(c *gin.Context) error {
	return servePublic(c, h.openAPI.body, h.openAPI.etag)
}

// operation is one method of an address for programs. Tests compare all of them with the routes and with real answers.
type operation struct {
	method, path, id string // path as gin has it
	summary, text    string
	caller           caller
	parameters       []field // of the address and the headers
	forms            []form  // that the body can be; more than one: told apart by grant_type
	body             *body   // JSON
	answers          []answer
	errors           map[int][]string // codes by status
	redirected       []string         // codes that are sent to the app's redirect_uri
}

// field is a parameter of a form, an address or a header.
type field struct {
	name, text string
	required   bool
	in         string // path or header; "" for the query
	schema     object // nil: a string
	example    any    // nil: left out of the example request
}

type form struct {
	name   string // of its schema
	fields []field
}

type body struct {
	schema  object
	example any
}

type answer struct {
	status  int
	text    string
	media   string // "": no body, unless there is a schema
	schema  object
	example any
	headers []string
}

// caller is who calls, by how it authenticates.
type caller int

const (
	byNobody caller = iota
	byClient        // as at the token endpoint
	bySecret        // client_secret_basic alone
	byToken         // an access token
	byInitialToken
	byRegistrationToken
)

// newOpenAPI describes the endpoints of this deployment (OpenAPI 3.1).
func newOpenAPI(m metadata) object {
	schemas := openapi.Schemas{Components: object{}, Open: true,
		Names: map[reflect.Type]string{reflect.TypeFor[metadata](): "ProviderMetadata", reflect.TypeFor[Metadata](): "ClientMetadata", reflect.TypeFor[sentRegistration](): "ClientUpdate"},
		As:    map[reflect.Type]object{reflect.TypeFor[jwt.NumericDate](): {"type": "integer", "description": "seconds since 1970"}, reflect.TypeFor[KeySet](): refTo("JWKS")}}
	describeSchemas(schemas.Components)
	examples, paths := object{}, object{}
	for _, op := range operations(m, schemas) {
		item, _ := paths[openapi.Path(op.path)].(object)
		if item == nil {
			item = object{}
			paths[openapi.Path(op.path)] = item
		}
		item[strings.ToLower(op.method)] = op.describe(m, schemas.Components, examples)
	}
	return object{
		"openapi": "3.1.0",
		"info": object{
			"title": "Sign-in of members", "version": "1",
			"description": "OpenID Connect and OAuth 2.0, for apps. How to begin, in words: " + m.ServiceDocumentation + ".",
		},
		"externalDocs": object{"url": m.ServiceDocumentation},
		"servers":      []any{object{"url": m.Issuer}},
		"paths":        paths,
		"components": object{
			"schemas": schemas.Components, "examples": examples, "securitySchemes": securitySchemes(m),
			"responses": object{
				"Refused":     errorResponse("What the server takes of nobody: another method (405), a body, address or headers too long (413, 414, 431), another type of body (415), another host (421).", badForm, examples),
				"Busy":        errorResponse("Too many requests, or too many calls of one client.", []string{"temporarily_unavailable"}, examples, "Retry-After"),
				"Failed":      errorResponse("Something failed here.", []string{"server_error"}, examples),
				"Unavailable": errorResponse("The server is busy.", []string{"temporarily_unavailable"}, examples, "Retry-After"),
				"BusyPage":    page("Too many requests from this address.", "Retry-After"), "FailedPage": page("Something failed here."),
				"RefusedPage": page("What the server takes of nobody."), "UnavailablePage": page("The server is busy.", "Retry-After"),
			},
		},
	}
}

func refTo(schema string) object { return object{"$ref": "#/components/schemas/" + schema} }

func securitySchemes(m metadata) object {
	schemes := object{
		"client_secret_basic": object{"type": "http", "scheme": "basic", "description": "client_id and client_secret, each form-encoded first (RFC 6749 2.3.1)."},
		"bearer":              object{"type": "http", "scheme": "bearer", "description": "An access token (RFC 6750)."},
		"DPoP":                object{"type": "http", "scheme": "DPoP", "description": "An access token that is bound to a key, with a proof in the header DPoP (RFC 9449)."},
	}
	if m.TLSClientCertificateBoundAccessTokens {
		schemes["mutualTLS"] = object{"type": "mutualTLS", "description": "The client's certificate, with client_id in the form, at the addresses of mtls_endpoint_aliases; the token is bound to it (RFC 8705)."}
	}
	if m.RegistrationEndpoint != "" {
		schemes["initial_access_token"] = object{"type": "http", "scheme": "bearer", "description": "The token that the operator gave you to register with (RFC 7591 3)."}
		schemes["registration_access_token"] = object{"type": "http", "scheme": "bearer", "description": "The token that the registration returned (RFC 7592)."}
	}
	return schemes
}

// security lists the alternatives; the empty one stands for credentials in the form.
func (a caller) security(m metadata) []any {
	one := func(name string) object { return object{name: []any{}} }
	switch a {
	case byClient:
		all := []any{one("client_secret_basic"), object{}}
		if m.TLSClientCertificateBoundAccessTokens {
			all = append(all, one("mutualTLS"))
		}
		return all
	case bySecret:
		return []any{one("client_secret_basic")}
	case byToken:
		return []any{one("bearer"), one("DPoP")}
	case byInitialToken:
		return []any{one("initial_access_token")}
	case byRegistrationToken:
		return []any{one("registration_access_token")}
	}
	return []any{}
}

// credentialFields are how a client authenticates in the form, by the one method that it registered.
var credentialFields = append([]field{
	{name: "client_id", text: "Needed without client_secret_basic and private_key_jwt."},
	{name: "client_secret", text: "For client_secret_post."},
}, assertionFields...)

var assertionFields = []field{
	{name: "client_assertion", example: sampleJWT, text: "For private_key_jwt: a JWT that the client signed, with iss and sub its client_id, aud the issuer, exp and jti (RFC 7523 2.2)."},
	{name: "client_assertion_type", text: "For private_key_jwt.", schema: object{"const": assertionType}, example: assertionType},
}

func (op operation) describe(m metadata, schemas, examples object) object {
	described := object{"operationId": op.id, "summary": op.summary, "security": op.caller.security(m)}
	text := op.text
	if op.redirected != nil {
		text += " Errors of the app's request go to its redirect_uri, as error, error_description, state and iss: " + strings.Join(op.redirected, ", ") + "."
	}
	if text != "" {
		described["description"] = strings.TrimSpace(text)
	}
	var parameters []any
	for _, f := range op.parameters {
		p := object{"name": f.name, "in": cmp.Or(f.in, "query"), "schema": f.typed()}
		if f.text != "" {
			p["description"] = f.text
		}
		if f.required {
			p["required"] = true
		}
		if f.example != nil {
			p["example"] = f.example
		}
		parameters = append(parameters, p)
	}
	if parameters != nil {
		described["parameters"] = parameters
	}
	switch {
	case op.body != nil:
		described["requestBody"] = object{"required": true, "content": object{"application/json": object{"schema": op.body.schema, "example": op.body.example}}}
	case op.forms != nil:
		described["requestBody"] = object{"required": true, "content": object{"application/x-www-form-urlencoded": op.formContent(schemas)}}
	}
	described["responses"] = op.responses(examples)
	return described
}

func (f field) typed() object {
	if f.schema != nil {
		return f.schema
	}
	return object{"type": "string"}
}

// formContent describes each form as a component.
func (op operation) formContent(schemas object) object {
	var alternatives []any
	mapping, samples := object{}, object{}
	for _, form := range op.forms {
		properties, required, sample := object{}, []string{}, object{}
		fields := form.fields
		if op.caller == byClient {
			for _, f := range credentialFields {
				if !slices.ContainsFunc(fields, func(own field) bool { return own.name == f.name }) {
					f.example = nil
					fields = append(slices.Clone(fields), f)
				}
			}
		}
		for _, f := range fields {
			schema := maps.Clone(f.typed())
			if f.text != "" {
				schema["description"] = f.text
			}
			properties[f.name] = schema
			if f.required {
				required = append(required, f.name)
			}
			if f.example != nil {
				sample[f.name] = f.example
			}
		}
		schema := object{"type": "object", "properties": properties}
		if len(required) > 0 {
			schema["required"] = required
		}
		schemas[form.name] = schema
		alternatives = append(alternatives, refTo(form.name))
		samples[form.name] = object{"value": sample}
		if grant, ok := sample["grant_type"].(string); ok {
			mapping[grant] = "#/components/schemas/" + form.name
		}
	}
	if len(alternatives) == 1 {
		return object{"schema": alternatives[0], "examples": samples}
	}
	return object{"schema": object{"oneOf": alternatives, "discriminator": object{"propertyName": "grant_type", "mapping": mapping}}, "examples": samples}
}

func (op operation) responses(examples object) object {
	responses, pages := object{}, false
	for _, a := range op.answers {
		status := strconv.Itoa(a.status)
		r, _ := responses[status].(object)
		if r == nil {
			r = object{"description": a.text}
			responses[status] = r
		}
		if a.headers != nil {
			r["headers"] = headers(a.headers)
		}
		if a.media != "" {
			content, _ := r["content"].(object)
			if content == nil {
				content = object{}
				r["content"] = content
			}
			body := object{}
			if a.schema != nil {
				body["schema"] = a.schema
			}
			if a.example != nil {
				body["example"] = a.example
			}
			content[a.media] = body
			pages = pages || a.media == "text/html"
		}
	}
	for status, codes := range op.errors {
		var names []string
		if status == 403 || status == 401 && op.caller != byClient && op.caller != bySecret {
			names = []string{"WWW-Authenticate"}
		}
		responses[strconv.Itoa(status)] = errorResponse(errorTexts[status], codes, examples, names...)
	}
	for status, name := range map[string]string{"default": "Refused", "429": "Busy", "500": "Failed", "503": "Unavailable"} {
		if pages {
			name += "Page"
		}
		responses[status] = object{"$ref": "#/components/responses/" + name}
	}
	return responses
}

var errorTexts = map[int]string{
	400: "What is wrong with the request (RFC 6749 5.2).", 401: "The caller did not authenticate.", 403: "The token lacks a scope.", 404: "There is nothing at this address.",
}

// errorResponse describes an error with the codes that it usually has.
func errorResponse(text string, codes []string, examples object, names ...string) object {
	refs := object{}
	for _, code := range codes {
		examples[code] = object{"value": object{"error": code, "error_description": whenOf(code)}}
		refs[code] = object{"$ref": "#/components/examples/" + code}
	}
	r := object{"description": text, "content": object{"application/json": object{"schema": refTo("Error"), "examples": refs}}}
	if names != nil {
		r["headers"] = headers(names)
	}
	return r
}

func page(text string, names ...string) object {
	r := object{"description": text, "content": object{"text/html": object{}}}
	if names != nil {
		r["headers"] = headers(names)
	}
	return r
}

func headers(names []string) object {
	all := object{}
	for _, name := range names {
		schema := object{"type": "string"}
		if name == "Retry-After" {
			schema = object{"type": "integer", "description": "seconds"}
		}
		all[name] = object{"schema": schema}
	}
	return all
}
