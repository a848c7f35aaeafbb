package mailbox

import (
	"context"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	"github.com/jba/templatecheck"
	gomail "github.com/wneessen/go-mail"

	"huskyidp/templates"
)

var noon = time.Date(2026, 11, 24, 17, 0, 0, 0, time.UTC)

func openBox(t *testing.T, file string) *Box {
	t.Helper()
	box, err := open(file, 3, func() time.Time { return noon })
	if err != nil {
		t.Fatalf("Open: %v", err)
	}
	t.Cleanup(func() { box.Close() })
	return box
}

// send delivers through a real SMTP conversation.
func send(t *testing.T, box *Box, subject, to, text, html string) {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	ctx, stop := context.WithCancel(t.Context())
	done := make(chan error)
	go func() { done <- box.ServeSMTP(ctx, listener) }()
	defer func() {
		stop()
		if err := <-done; err != nil {
			t.Errorf("ServeSMTP: %v", err)
		}
	}()
	m := gomail.NewMsg()
	if err := m.From("no-reply@example.org"); err != nil {
		t.Fatal(err)
	}
	if err := m.To(to); err != nil {
		t.Fatal(err)
	}
	m.Subject(subject)
	m.SetBodyString(gomail.TypeTextPlain, text)
	m.AddAlternativeString(gomail.TypeTextHTML, html)
	client, err := gomail.NewClient("127.0.0.1", gomail.WithPort(listener.Addr().(*net.TCPAddr).Port), gomail.WithTLSPolicy(gomail.NoTLS))
	if err != nil {
		t.Fatal(err)
	}
	if err := client.DialAndSendWithContext(t.Context(), m); err != nil {
		t.Fatalf("sending: %v", err)
	}
}

func TestMailArrivesBySMTP(t *testing.T) {
	box := openBox(t, "")
	send(t, box, "Su código para inscribirse ñ", "maria@example.org", "Escriba este código:\n\n123456\n", "<p>Código <b>123456</b></p>")
	want := []Mail{{To: "maria@example.org", At: noon, Subject: "Su código para inscribirse ñ", Text: "Escriba este código:\n\n123456\n", HTML: "<p>Código <b>123456</b></p>"}}
	got := box.Mails()
	for i := range got {
		got[i].Text = strings.ReplaceAll(got[i].Text, "\r\n", "\n")
	}
	if diff := cmp.Diff(want, got, cmpopts.IgnoreFields(Mail{}, "ID")); diff != "" {
		t.Errorf("mails (-want +got):\n%s", diff)
	}
}

func TestNewestMailsSurviveARestart(t *testing.T) {
	file := filepath.Join(t.TempDir(), "mails.jsonl")
	first := openBox(t, file)
	for _, subject := range []string{"1", "2", "3", "4"} {
		if err := first.Add(Mail{Subject: subject}); err != nil {
			t.Fatal(err)
		}
	}
	// As after kill -9 in the middle of a write.
	f, err := os.OpenFile(file, os.O_APPEND|os.O_WRONLY, 0)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := f.WriteString(`{"id":"x","subj`); err != nil {
		t.Fatal(err)
	}
	f.Close()
	second := openBox(t, file)
	if err := second.Add(Mail{Subject: "5"}); err != nil {
		t.Fatal(err)
	}
	third := openBox(t, file)
	var subjects []string
	for _, m := range third.Mails() {
		subjects = append(subjects, m.Subject)
	}
	if diff := cmp.Diff([]string{"5", "4", "3"}, subjects); diff != "" {
		t.Errorf("after two restarts (-want +got):\n%s", diff)
	}
	if info, err := os.Stat(file); err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("the file has mode %v, %v, want 0600", info.Mode(), err)
	}
}

func TestParse(t *testing.T) {
	for name, test := range map[string]struct {
		raw  string
		want Mail
	}{
		"plain": {"Subject: Hi\r\n\r\nText", Mail{Subject: "Hi", Text: "Text"}},
		"base64": {"Subject: =?UTF-8?B?w7E=?=\r\nContent-Type: text/html\r\nContent-Transfer-Encoding: base64\r\n\r\nPGI+\r\nw7E8L2I+\r\n",
			Mail{Subject: "ñ", HTML: "<b>ñ</b>"}},
		"attachment is left out": {"Content-Type: multipart/mixed; boundary=b\r\n\r\n--b\r\nContent-Type: application/pdf\r\n\r\nx\r\n--b\r\nContent-Type: text/plain\r\n\r\ny\r\n--b--\r\n",
			Mail{Text: "y"}},
		"unknown charset in the subject": {"Subject: =?x-none?Q?a?=\r\n\r\n", Mail{Subject: "=?x-none?Q?a?="}},
		"invalid UTF-8":                  {"\r\n\xff", Mail{Text: "�"}},
		"nested too deep":                {"Content-Type: multipart/mixed; boundary=b\r\n\r\n" + strings.Repeat("--b\r\nContent-Type: multipart/mixed; boundary=b\r\n\r\n", 50), Mail{}},
	} {
		got, err := Parse(strings.NewReader(test.raw))
		if err != nil && name != "nested too deep" {
			t.Errorf("%s: parse: %v", name, err)
		}
		if diff := cmp.Diff(test.want, got); diff != "" {
			t.Errorf("%s (-want +got):\n%s", name, diff)
		}
	}
}

func FuzzParse(f *testing.F) {
	f.Add("Subject: Hi\r\nContent-Type: multipart/alternative; boundary=b\r\n\r\n--b\r\n\r\nText\r\n--b--\r\n")
	f.Add("Content-Transfer-Encoding: quoted-printable\r\n\r\n=C3=B1")
	f.Fuzz(func(t *testing.T, raw string) { Parse(strings.NewReader(raw)) })
}

func TestPages(t *testing.T) {
	set, err := templates.Load(templates.Options{})
	if err != nil {
		t.Fatal(err)
	}
	box := openBox(t, "")
	server := httptest.NewServer(NewHandler(box, set, slog.New(slog.DiscardHandler)))
	defer server.Close()
	get := func(path string) (*http.Response, string) {
		t.Helper()
		res, err := http.Get(server.URL + path)
		if err != nil {
			t.Fatal(err)
		}
		defer res.Body.Close()
		body, err := io.ReadAll(res.Body)
		if err != nil {
			t.Fatal(err)
		}
		return res, string(body)
	}
	if _, body := get("/demo/mail"); !strings.Contains(body, "Todavía no hay correos") {
		t.Error("the empty list does not say that it is empty")
	}
	if err := box.Add(Mail{To: "maria@example.org", Subject: "<Hola>", Text: "code <1>", HTML: "<script>alert(1)</script><p>hi</p>"}); err != nil {
		t.Fatal(err)
	}
	id := box.Mails()[0].ID
	if _, body := get("/demo/mail?lang=en"); !strings.Contains(body, "&lt;Hola&gt;") || !strings.Contains(body, `href="/demo/mail/`+id) || !strings.Contains(body, "Sample emails") {
		t.Error("the list lacks the mail, its link or the language asked for")
	}
	res, body := get("/demo/mail/" + id)
	if !strings.Contains(body, "code &lt;1&gt;") || !strings.Contains(body, `<iframe class="part" sandbox src="/demo/mail/`+id+`/html"`) || strings.Contains(body, "alert(1)") {
		t.Error("the reading page lacks the text or the sandboxed frame, or holds the mail's HTML itself")
	}
	if policy := res.Header.Get("Content-Security-Policy"); !strings.Contains(policy, "frame-src 'self'") {
		t.Errorf("the reading page's policy %q allows no frame", policy)
	}
	res, body = get("/demo/mail/" + id + "/html")
	if policy := res.Header.Get("Content-Security-Policy"); !strings.Contains(policy, "sandbox") || strings.Contains(policy, "script") || body == "" {
		t.Errorf("the mail's HTML comes under %q, want a sandbox without scripts", policy)
	}
	if res, _ := get("/demo/mail/nonsense"); res.Request.URL.Path != "/demo/mail" {
		t.Errorf("an unknown mail leads to %s, want the list", res.Request.URL.Path)
	}
	if res, _ := get("/demo/mail/nonsense/html"); res.StatusCode != http.StatusNotFound {
		t.Errorf("an unknown mail's HTML is answered with %d, want 404", res.StatusCode)
	}
	for page, err := range map[string]error{
		"demo/mails": templatecheck.CheckHTML(set.Template("es", "demo/mails"), templates.View[listPage]{}),
		"demo/mail":  templatecheck.CheckHTML(set.Template("es", "demo/mail"), templates.View[readPage]{}),
	} {
		if err != nil {
			t.Errorf("%s: %v", page, err)
		}
	}
}
