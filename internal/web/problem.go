package web

import (
	"cmp"
	"net/http"

	"github.com/gin-gonic/gin"
)

// Problem is an error of our APIs (RFC 9457).
type Problem struct {
	Type      string         `json:"type"`  // default about:blank: the status says it all
	Title     string         `json:"title"` // default: the status in words
	Status    int            `json:"status"`
	Detail    string         `json:"detail,omitempty"`
	RequestID string         `json:"request_id"` // set by WriteProblem, as in the logs
	Errors    []ProblemField `json:"errors,omitempty"`
}

// ProblemField says why a field of the request is invalid.
type ProblemField struct {
	Field string `json:"field"`
	Code  string `json:"code"`
}

// WriteProblem answers with a problem.
func WriteProblem(c *gin.Context, p Problem) {
	p.Type, p.Title, p.RequestID = cmp.Or(p.Type, "about:blank"), cmp.Or(p.Title, http.StatusText(p.Status)), requestOf(c).id
	writeJSON(c, p.Status, "application/problem+json", p)
}
