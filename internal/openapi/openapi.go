// Package openapi makes the parts of an OpenAPI 3.1 document that follow from Go types and from the patterns of routes.
package openapi

import (
	"cmp"
	"encoding"
	"encoding/json"
	"maps"
	"reflect"
	"regexp"
	"strings"
	"time"

	"github.com/google/uuid"
)

// Object is a JSON object.
type Object = map[string]any

var pathParameter = regexp.MustCompile(`:(\w+)`)

// Path returns the path of a gin route, with its parameters in braces.
func Path(pattern string) string { return pathParameter.ReplaceAllString(pattern, "{$1}") }

// PathParameters returns the names of the parameters in the pattern of a gin route.
func PathParameters(pattern string) (names []string) {
	for _, m := range pathParameter.FindAllStringSubmatch(pattern, -1) {
		names = append(names, m[1])
	}
	return names
}

// Schemas describes Go types by their JSON. Structs become components.
type Schemas struct {
	Components Object                  // by name
	Names      map[reflect.Type]string // of structs that have another name than their type's
	As         map[reflect.Type]Object // schemas of types that do not follow from their fields
	Open       bool                    // objects may have more members
}

// Of describes a type. The tags of a field become its schema: json, doc (the description) and enum (the values).
func (s Schemas) Of(t reflect.Type) Object {
	switch {
	case s.As[t] != nil:
		return maps.Clone(s.As[t])
	case t == reflect.TypeFor[uuid.UUID]():
		return Object{"type": "string", "format": "uuid"}
	case t == reflect.TypeFor[time.Time]():
		return Object{"type": "string", "format": "date-time"}
	case t == reflect.TypeFor[json.RawMessage]():
		return Object{}
	case t.Kind() == reflect.Pointer:
		return s.Of(t.Elem())
	case reflect.PointerTo(t).Implements(reflect.TypeFor[encoding.TextMarshaler]()):
		return Object{"type": "string"}
	}
	switch t.Kind() {
	case reflect.Bool:
		return Object{"type": "boolean"}
	case reflect.Int, reflect.Int64:
		return Object{"type": "integer"}
	case reflect.String:
		return Object{"type": "string"}
	case reflect.Slice:
		return Object{"type": "array", "items": s.Of(t.Elem())}
	case reflect.Map:
		return Object{"type": "object", "additionalProperties": s.Of(t.Elem())}
	case reflect.Struct:
		return s.component(t)
	}
	panic("openapi: no schema for " + t.String())
}

// component describes a struct once and returns the reference to it, or the schema of one without a name.
func (s Schemas) component(t reflect.Type) Object {
	properties := Object{}
	schema := Object{"type": "object", "properties": properties}
	if !s.Open {
		schema["additionalProperties"] = false
	}
	answer := schema
	if t.Name() != "" {
		name := cmp.Or(s.Names[t], strings.ToUpper(t.Name()[:1])+strings.TrimSuffix(t.Name()[1:], "Reply"))
		answer = Object{"$ref": "#/components/schemas/" + name}
		if s.Components[name] != nil {
			return answer
		}
		s.Components[name] = schema
	}
	if required := s.members(t, properties, nil); len(required) > 0 {
		schema["required"] = required
	}
	return answer
}

// members adds the fields of a struct and of those that it embeds. What an embedded pointer has may be missing.
func (s Schemas) members(t reflect.Type, properties Object, required []string) []string {
	for field := range t.Fields() {
		name, options, _ := strings.Cut(field.Tag.Get("json"), ",")
		if field.Anonymous && name == "" {
			if field.Type.Kind() == reflect.Pointer {
				s.members(field.Type.Elem(), properties, nil)
			} else {
				required = s.members(field.Type, properties, required)
			}
			continue
		}
		described := s.Of(field.Type)
		if values := field.Tag.Get("enum"); values != "" {
			described["enum"] = strings.Fields(values)
		}
		if doc := field.Tag.Get("doc"); doc != "" {
			described["description"] = doc // beside $ref as well, since 3.1
		}
		properties[name] = described
		if !strings.HasPrefix(options, "omit") {
			required = append(required, name)
		}
	}
	return required
}
