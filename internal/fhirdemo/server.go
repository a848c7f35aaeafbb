package fhirdemo

import (
	"context"
	"encoding/json"
	"errors"
	"log/slog"
	"net/http"
	"net/url"
	"strings"
	"sync"
	"time"

	"github.com/go-jose/go-jose/v4"
)

// Options describe the server and its registration at the provider.
type Options struct {
	Issuer                 string // the provider's
	Name                   string // fhir_server
	BaseURL                string // one of resource_server, without a slash at its end
	ClientID, ClientSecret string
	Source                 Source
	Logger                 *slog.Logger
	Client                 *http.Client     // nil for one that waits 5 seconds
	Now                    func() time.Time // nil for time.Now
}

// Source has the people whose records are served.
type Source interface {
	// Person returns one person by the ID that the provider sends as patient.
	Person(ctx context.Context, id string) (person Person, found bool, err error)
	// Everyone returns the people whom a service may read.
	Everyone(ctx context.Context) ([]Person, error)
}

// Server answers below the path of its base address.
type Server struct {
	options Options
	path    string // of the base address

	mutex         sync.Mutex // of what is kept for a while
	configuration *configuration
	keys          jose.JSONWebKeySet
	keysAt        time.Time
	answers       map[[32]byte]answer // by digest of the token
}

// New returns a server. It calls the provider when it is first called itself.
func New(o Options) (*Server, error) {
	base, err := url.Parse(o.BaseURL)
	if err != nil {
		return nil, err
	}
	if o.Client == nil {
		o.Client = &http.Client{Timeout: 5 * time.Second}
	}
	if o.Now == nil {
		o.Now = time.Now
	}
	return &Server{options: o, path: base.Path, answers: map[[32]byte]answer{}}, nil
}

// ServeHTTP answers with a resource, an OperationOutcome, or the SMART configuration.
func (s *Server) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	h := w.Header()
	h.Set("Access-Control-Allow-Origin", "*") // nothing here depends on cookies
	h.Set("Access-Control-Expose-Headers", "WWW-Authenticate")
	h.Set("Cache-Control", "no-store")
	h.Set("Content-Type", "application/fhir+json; charset=utf-8")
	h.Set("X-Content-Type-Options", "nosniff")
	if r.Method == http.MethodOptions {
		h.Set("Access-Control-Allow-Methods", "GET, OPTIONS")
		h.Set("Access-Control-Allow-Headers", "Authorization, Accept, Content-Type, Prefer")
		h.Set("Access-Control-Max-Age", "3600")
		w.WriteHeader(http.StatusNoContent)
		return
	}
	body, err := s.respond(r)
	if err == nil {
		if _, document := body.(json.RawMessage); document {
			h.Set("Content-Type", "application/json")
		}
		s.write(w, http.StatusOK, body)
		return
	}
	refused, ok := errors.AsType[*refusal](err)
	if !ok {
		s.options.Logger.ErrorContext(r.Context(), "answering a FHIR request", "path", r.URL.Path, "error", err)
		refused = &refusal{status: http.StatusServiceUnavailable, code: "transient", text: "The sign-in service does not answer."}
		h.Set("Retry-After", "5")
	}
	if refused.challenge != "" {
		h.Set("WWW-Authenticate", refused.challenge)
	}
	if refused.status == http.StatusMethodNotAllowed {
		h.Set("Allow", "GET, OPTIONS")
	}
	s.write(w, refused.status, map[string]any{"resourceType": "OperationOutcome",
		"issue": []any{map[string]any{"severity": "error", "code": refused.code, "diagnostics": refused.text}}})
}

func (s *Server) respond(r *http.Request) (any, error) {
	path, below := strings.CutPrefix(r.URL.Path, s.path+"/")
	switch {
	case r.Method != http.MethodGet:
		return nil, &refusal{status: http.StatusMethodNotAllowed, code: "not-supported", text: "This server only reads: use GET."}
	case !below:
		return nil, notFound("The FHIR server is at " + s.options.BaseURL + ".")
	case path == "metadata":
		return s.capabilities(r.Context())
	case path == ".well-known/smart-configuration":
		c, err := s.smart(r.Context())
		if err != nil {
			return nil, err
		}
		return c.document, nil
	}
	kind, id, one := strings.Cut(path, "/")
	if _, known := kinds[kind]; !known {
		return nil, notFound("This server has no resources of that type.")
	}
	a, err := s.authenticate(r)
	if err != nil {
		return nil, err
	}
	if one {
		return s.read(r.Context(), a, kind, id)
	}
	return s.search(r.Context(), a, kind, r.URL.Query())
}

func (s *Server) write(w http.ResponseWriter, status int, body any) {
	w.WriteHeader(status)
	if err := json.NewEncoder(w).Encode(body); err != nil {
		s.options.Logger.Debug("the caller has gone", "error", err)
	}
}

// refusal is an error that the caller gets as an OperationOutcome.
type refusal struct {
	status    int
	code      string // of http://hl7.org/fhir/issue-type
	text      string
	challenge string // WWW-Authenticate
}

func (e *refusal) Error() string { return e.text }

func notFound(text string) *refusal {
	return &refusal{status: http.StatusNotFound, code: "not-found", text: text}
}
