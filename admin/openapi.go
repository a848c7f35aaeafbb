package admin

import (
	"encoding/json"
	"reflect"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/google/uuid"

	"huskyidp/internal/web"
)

type object = map[string]any

// openAPI is the OpenAPI 3.1 document of the API, made from the table of endpoints and their types.
func openAPI(base string) []byte {
	schemas := object{}
	paths := object{}
	for _, e := range endpoints() {
		path := pathParameter.ReplaceAllString(APIPath+e.path, "{$1}")
		item, _ := paths[path].(object)
		if item == nil {
			item = object{}
			paths[path] = item
		}
		item[strings.ToLower(e.method)] = e.operation(schemas)
	}
	schemaOf(reflect.TypeFor[web.Problem](), schemas)
	document := object{
		"openapi": "3.1.0",
		"info": object{
			"title": "Support desk", "version": "1",
			"description": "Help for members who are stuck. Every call is recorded, denied ones too. Values are found whole or not at all; what is shown of a member is masked. " +
				"An act needs a sign-in within the last five minutes: otherwise the answer is 401 with insufficient_user_authentication (RFC 9470).",
		},
		"servers":  []any{object{"url": base}},
		"security": []any{object{"token": []any{}}},
		"paths":    paths,
		"components": object{
			"schemas": schemas,
			"securitySchemes": object{"token": object{
				"type": "http", "scheme": "bearer", "bearerFormat": "JWT",
				"description": "Access token of this provider (RFC 9068) with the scope admin, asked for with resource=" + base + APIPath + ".",
			}},
			"responses": object{"Problem": object{
				"description": "What is wrong (RFC 9457).",
				"content":     object{"application/problem+json": object{"schema": object{"$ref": "#/components/schemas/Problem"}}},
			}},
		},
	}
	text, err := json.MarshalIndent(document, "", "  ")
	if err != nil {
		panic(err) // maps of strings
	}
	return append(text, '\n')
}

var pathParameter = regexp.MustCompile(`:(\w+)`)

func (e endpoint) operation(schemas object) object {
	roles := make([]string, 0, len(Roles()))
	for _, role := range Roles() {
		if (Person{Roles: []Role{role}}).may(e.act) {
			roles = append(roles, string(role))
		}
	}
	op := object{"operationId": e.name, "summary": e.summary, "description": "Roles: " + strings.Join(roles, ", ") + "."}
	if rules[e.act].fresh {
		op["description"] = op["description"].(string) + " Needs a sign-in within the last five minutes."
	}
	var parameters []any
	for _, m := range pathParameter.FindAllStringSubmatch(e.path, -1) {
		schema := object{"type": "string"}
		if m[1] == "id" {
			schema["format"] = "uuid"
		}
		parameters = append(parameters, object{"name": m[1], "in": "path", "required": true, "schema": schema})
	}
	if e.once {
		parameters = append(parameters, object{
			"name": "Idempotency-Key", "in": "header", "required": true, "schema": object{"type": "string", "minLength": 8, "maxLength": 128},
			"description": "Repeats with the same key and body within a day get the first answer, with the header Idempotency-Replayed.",
		})
	}
	if parameters != nil {
		op["parameters"] = parameters
	}
	if e.body != nil {
		op["requestBody"] = object{"required": true, "content": jsonContent(schemaOf(reflect.TypeOf(e.body), schemas))}
	}
	good := object{"description": "Done.", "content": object{"application/x-ndjson": object{"schema": object{"type": "string"}}}}
	if e.reply != nil {
		good["content"] = jsonContent(schemaOf(reflect.TypeOf(e.reply), schemas))
	}
	responses := object{strconv.Itoa(e.status): good}
	if e.also != 0 {
		responses[strconv.Itoa(e.also)] = object{"description": "It waits for a second person, or for its hour.", "content": good["content"]}
	}
	for _, status := range e.failures() {
		responses[strconv.Itoa(status)] = object{"$ref": "#/components/responses/Problem"}
	}
	op["responses"] = responses
	return op
}

// failures are the error statuses that an endpoint can return.
func (e endpoint) failures() []int {
	all := []int{401, 403, 421, 431, 500, 503}
	if e.body != nil {
		all = append(all, 400, 413, 415, 422)
	}
	if pathParameter.MatchString(e.path) {
		all = append(all, 404, 414)
	}
	if e.once {
		all = append(all, 409)
	}
	if e.once || e.act == Find || e.act == OpenCase {
		all = append(all, 429)
	}
	slices.Sort(all)
	return all
}

func jsonContent(schema object) object { return object{"application/json": object{"schema": schema}} }

// schemaOf describes a type; structs become separate components.
func schemaOf(t reflect.Type, schemas object) object {
	switch {
	case t == reflect.TypeFor[uuid.UUID]():
		return object{"type": "string", "format": "uuid"}
	case t == reflect.TypeFor[time.Time]():
		return object{"type": "string", "format": "date-time"}
	}
	switch t.Kind() {
	case reflect.Pointer:
		return schemaOf(t.Elem(), schemas)
	case reflect.Bool:
		return object{"type": "boolean"}
	case reflect.Int:
		return object{"type": "integer"}
	case reflect.String:
		if t == reflect.TypeFor[Role]() {
			return object{"type": "string", "enum": Roles()}
		}
		return object{"type": "string"}
	case reflect.Slice:
		return object{"type": "array", "items": schemaOf(t.Elem(), schemas)}
	case reflect.Struct:
		return structSchema(t, schemas)
	}
	panic("admin: no schema for " + t.String())
}

func structSchema(t reflect.Type, schemas object) object {
	name := strings.ToUpper(t.Name()[:1]) + strings.TrimSuffix(t.Name()[1:], "Reply")
	ref := object{"$ref": "#/components/schemas/" + name}
	if schemas[name] != nil {
		return ref
	}
	properties, required := object{}, []string{}
	schema := object{"type": "object", "properties": properties, "additionalProperties": false}
	schemas[name] = schema
	for i := range t.NumField() {
		field := t.Field(i)
		tag, options, _ := strings.Cut(field.Tag.Get("json"), ",")
		described := schemaOf(field.Type, schemas)
		if values := field.Tag.Get("enum"); values != "" {
			described["enum"] = strings.Fields(values)
		}
		if doc := field.Tag.Get("doc"); doc != "" {
			described["description"] = doc // beside $ref as well, since 3.1
		}
		properties[tag] = described
		if !strings.HasPrefix(options, "omit") {
			required = append(required, tag)
		}
	}
	if len(required) > 0 {
		schema["required"] = required
	}
	return ref
}
