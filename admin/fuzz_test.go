package admin

import (
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"net/http"
	"net/http/httptest"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"

	"huskyidp/internal/openapi/openapitest"
	"huskyidp/provider"
)

// TestFuzzAPI throws 4,000 requests, made from the document and then spoiled, at the running handler: never a 5xx, always an
// answer that the document describes.
func TestFuzzAPI(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	d := openapitest.Read(t, openAPI(deskBase))
	random := rand.New(rand.NewPCG(9457, 31))
	tokens := []string{"", "nobodys", b.access(b.maria0(), nil)}
	for _, roles := range [][]Role{{Read}, {Recover}, {Approve}, {Admin}, {Audit}, {Read, Recover, Approve, Admin, Audit}} {
		p := b.person(fmt.Sprintf("fuzz-%d", len(tokens)), roles...)
		tokens = append(tokens, b.access(p, nil), b.access(p, func(a *provider.Access) { a.AuthTime = a.AuthTime.Add(-time.Hour) }))
	}
	asked := b.askEmail()
	ids := []string{b.maria.ID.String(), asked.RequestID.String(), b.rosa.ID.String(), uuid.NewString(), "1", "%00", "..%2f..", strings.Repeat("x", 300)}
	matters := append(ids[3:], b.refer("a", "password", "es"), b.refer("b", "other", "es"))
	statuses := map[int]int{}
	for range 4_000 {
		e := endpoints()[random.IntN(len(endpoints()))]
		path := APIPath + e.at(ids[random.IntN(len(ids))], matters[random.IntN(len(matters))])
		body := spoil(random, b.sample(e))
		r := httptest.NewRequest(e.method, deskBase+"/", strings.NewReader(body))
		r.URL = must[*http.Request](t)(http.NewRequest(e.method, deskBase+path, nil)).URL
		r.RequestURI = path
		if token := tokens[random.IntN(len(tokens))]; token != "" {
			r.Header.Set("Authorization", "Bearer "+token)
		}
		r.Header.Set("Content-Type", []string{"application/json", "application/json", "application/json", "text/plain", "application/json; charset=utf-8"}[random.IntN(5)])
		if random.IntN(8) > 0 {
			r.Header.Set("Idempotency-Key", fmt.Sprintf("fuzz-%08d", random.IntN(2_000)))
		}
		w := httptest.NewRecorder()
		b.handler.ServeHTTP(w, r)
		statuses[w.Code]++
		if w.Code >= 500 {
			t.Fatalf("%s %s = %d\n%q\n%s", e.method, path, w.Code, body, b.log.String())
		}
		hold(t, d, e, w)
	}
	t.Logf("statuses: %v", statuses)
	for _, status := range []int{200, 400, 401, 403, 404, 409, 415, 422} {
		if statuses[status] == 0 {
			t.Errorf("no request came to %d: the fuzz does not reach far", status)
		}
	}
}

// maria0 is a member who tries the API.
func (b *bench) maria0() Person { return Person{ID: b.maria.ID, AuthTime: b.now()} }

// spoil is the body, as it should be or broken in one of many ways.
func spoil(random *rand.Rand, body any) string {
	if body == nil {
		return ""
	}
	encoded, err := json.Marshal(body)
	if err != nil {
		panic(err)
	}
	text := string(encoded)
	odd := []string{`""`, `null`, `0`, `-1e308`, `[]`, `{}`, `true`, `"\u0000"`, `"` + strings.Repeat("ñ", 700) + `"`, `"%' or 1=1 --"`, `"\ud800"`, `"2026-13-45T99:99:99Z"`, `"0001-01-01T00:00:00Z"`}
	switch random.IntN(8) {
	case 0: // another value in one place
		return regexp.MustCompile(`:("[^"]*"|\d+|true|false)`).ReplaceAllStringFunc(text, func(s string) string {
			if random.IntN(2) == 0 {
				return s
			}
			return ":" + odd[random.IntN(len(odd))]
		})
	case 1:
		return text[:random.IntN(len(text)+1)]
	case 2:
		at := random.IntN(len(text))
		return text[:at] + string(rune(random.IntN(256))) + text[at:]
	case 3:
		return odd[random.IntN(len(odd))]
	}
	return text
}
