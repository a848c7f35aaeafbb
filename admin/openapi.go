package admin

import (
	"encoding/json"
	"reflect"
	"slices"
	"strconv"
	"strings"

	"huskyidp/internal/openapi"
	"huskyidp/internal/web"
)

type object = openapi.Object

// openAPI is the OpenAPI 3.1 document of the API, made from the table of endpoints and their types.
func openAPI(base string) []byte {
	schemas := openapi.Schemas{Components: object{}, As: map[reflect.Type]object{reflect.TypeFor[Role](): {"type": "string", "enum": Roles()}}}
	paths := object{}
	for _, e := range endpoints() {
		path := openapi.Path(APIPath + e.path)
		item, _ := paths[path].(object)
		if item == nil {
			item = object{}
			paths[path] = item
		}
		item[strings.ToLower(e.method)] = e.operation(schemas)
	}
	schemas.Of(reflect.TypeFor[web.Problem]())
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
			"schemas": schemas.Components,
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

func (e endpoint) operation(schemas openapi.Schemas) object {
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
	for _, name := range openapi.PathParameters(e.path) {
		schema := object{"type": "string"}
		if name == "id" {
			schema["format"] = "uuid"
		}
		parameters = append(parameters, object{"name": name, "in": "path", "required": true, "schema": schema})
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
		op["requestBody"] = object{"required": true, "content": jsonContent(schemas.Of(reflect.TypeOf(e.body)))}
	}
	good := object{"description": "Done.", "content": object{"application/x-ndjson": object{"schema": object{"type": "string"}}}}
	if e.reply != nil {
		good["content"] = jsonContent(schemas.Of(reflect.TypeOf(e.reply)))
	}
	responses := object{strconv.Itoa(e.status): good}
	if e.status == 202 || e.also == 202 {
		responses["202"] = object{"description": "It waits for a second person, or for its hour.", "content": good["content"]}
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
	if openapi.PathParameters(e.path) != nil {
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
