package web

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"
	"unicode/utf8"

	"github.com/gin-gonic/gin"
)

// jsonDepth is how deep a document may be nested (S-69).
const jsonDepth = 16

// ReadJSON decodes the body into v and returns the raw body: one document of type application/json, valid UTF-8, with
// known lower-case names, each once, and nothing after it. The error is an *Error with status 400, 413 or 415.
func ReadJSON(c *gin.Context, v any) ([]byte, error) {
	if contentType(c.Request) != "application/json" {
		return nil, unsupported("The body must be application/json.")
	}
	body, err := io.ReadAll(c.Request.Body)
	if err != nil {
		if _, ok := errors.AsType[*http.MaxBytesError](err); ok {
			return nil, &Error{Status: http.StatusRequestEntityTooLarge, Key: KeyTooLarge}
		}
		return nil, invalidRequest("", err)
	}
	if !utf8.Valid(body) {
		return nil, invalidRequest("", errors.New("the body is not UTF-8"))
	}
	if err := plainJSON(body); err != nil {
		return nil, invalidRequest("", err)
	}
	decoder := json.NewDecoder(bytes.NewReader(body))
	decoder.DisallowUnknownFields()
	if err := decoder.Decode(v); err != nil {
		refused := invalidRequest("", errors.New("the body does not have the expected form"))
		if wrong, ok := errors.AsType[*json.UnmarshalTypeError](err); ok {
			refused.Parameter, refused.detail = wrong.Field, "A member has another type."
		} else { // values with arbitrary names
			refused.detail = "The document has a member that this address does not take."
		}
		return nil, refused
	}
	return body, nil
}

// plainJSON checks a document before it is decoded: encoding/json accepts duplicate names and any case.
func plainJSON(body []byte) error {
	decoder := json.NewDecoder(bytes.NewReader(body))
	if err := walk(decoder, 0); err != nil {
		return err
	}
	if _, err := decoder.Token(); !errors.Is(err, io.EOF) {
		return errors.New("there is data after the document")
	}
	return nil
}

func walk(decoder *json.Decoder, depth int) error {
	if depth > jsonDepth {
		return errors.New("the document is nested too deep")
	}
	token, err := decoder.Token()
	if err != nil {
		return errors.New("the document is not well-formed")
	}
	open, isDelim := token.(json.Delim)
	if !isDelim {
		return nil
	}
	names := map[string]bool{}
	for decoder.More() {
		if open == '{' {
			name, err := decoder.Token()
			if err != nil {
				return errors.New("the document is not well-formed")
			}
			text := fmt.Sprint(name)
			if names[text] || text != strings.ToLower(text) {
				return errors.New("a name is duplicated or has capitals")
			}
			names[text] = true
		}
		if err := walk(decoder, depth+1); err != nil {
			return err
		}
	}
	if _, err := decoder.Token(); err != nil {
		return errors.New("the document is not well-formed")
	}
	return nil
}
