package provider

import (
	"net/url"
	"slices"
	"strconv"
	"time"

	"github.com/ory/fosite"
)

func (r *authorizeRequest) readPrompt() error {
	r.prompt = knownPrompts(r.form)
	if r.asks("none") && len(r.prompt) > 1 {
		return worded(fosite.ErrInvalidRequest, "prompt=none cannot be combined with other values.")
	}
	return nil
}

// knownPrompts drops unknown values, like unknown parameters.
func knownPrompts(form url.Values) []string {
	return slices.DeleteFunc(words(form.Get("prompt")), func(value string) bool {
		return !slices.Contains(promptValues, value)
	})
}

func (r *authorizeRequest) asks(prompt string) bool { return slices.Contains(r.prompt, prompt) }

// readMaxAge falls back to the client's default_max_age.
func (r *authorizeRequest) readMaxAge() error {
	text := r.form.Get("max_age")
	if text == "" {
		if preset := r.client.Metadata.DefaultMaxAge; preset != nil {
			r.maxAge = time.Duration(*preset) * time.Second
		}
		return nil
	}
	seconds, err := strconv.ParseUint(text, 10, 31)
	if err != nil {
		return worded(fosite.ErrInvalidRequest, "The max_age is not a number of seconds.")
	}
	r.maxAge = time.Duration(seconds) * time.Second
	return nil
}

func (s *Service) readHint(r *authorizeRequest) error {
	hint := r.form.Get("id_token_hint")
	if hint == "" {
		return nil
	}
	claims, err := s.strategy.parseIDTokenHint(hint)
	if err != nil {
		return worded(fosite.ErrInvalidRequest, "The id_token_hint is not an ID token of this issuer.")
	}
	r.hintSubject = claims.Subject
	return nil
}
