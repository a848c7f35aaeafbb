package mailbox

import (
	"encoding/base64"
	"fmt"
	"io"
	"mime"
	"mime/multipart"
	"mime/quotedprintable"
	"net/mail"
	"net/textproto"
	"strings"
	"time"
)

// Mail is a mail as shown. To is the envelope's recipient.
type Mail struct {
	ID      string    `json:"id"` // random; before the box took it, that of its Message-ID
	To      string    `json:"to"`
	At      time.Time `json:"at"` // when it arrived, UTC
	Subject string    `json:"subject"`
	Text    string    `json:"text"`
	HTML    string    `json:"html"`
}

// maxDepth bounds how multiparts may nest.
const maxDepth = 5

// Parse reads an RFC 5322 message. Parts that are neither plain text nor HTML are left out; of several, the first counts.
func Parse(raw io.Reader) (Mail, error) {
	message, err := mail.ReadMessage(raw)
	if err != nil {
		return Mail{}, fmt.Errorf("reading the mail: %w", err)
	}
	subject, err := new(mime.WordDecoder).DecodeHeader(message.Header.Get("Subject"))
	if err != nil { // an unknown charset: show it as it came
		subject = message.Header.Get("Subject")
	}
	m := Mail{ID: message.Header.Get("Message-ID"), Subject: subject}
	return m, m.addPart(textproto.MIMEHeader(message.Header), message.Body, 0)
}

func (m *Mail) addPart(header textproto.MIMEHeader, body io.Reader, depth int) error {
	media, params, err := mime.ParseMediaType(header.Get("Content-Type"))
	if err != nil { // RFC 2045 5.2: without a type it is plain text
		media, params = "text/plain", nil
	}
	if strings.HasPrefix(media, "multipart/") && depth < maxDepth {
		return m.addParts(multipart.NewReader(body, params["boundary"]), depth+1)
	}
	var to *string
	switch media {
	case "text/plain":
		to = &m.Text
	case "text/html":
		to = &m.HTML
	}
	if to == nil || *to != "" {
		return nil
	}
	content, err := io.ReadAll(decoder(header.Get("Content-Transfer-Encoding"), body))
	if err != nil {
		return fmt.Errorf("reading a part of type %s: %w", media, err)
	}
	*to = strings.ToValidUTF8(string(content), "�")
	return nil
}

func (m *Mail) addParts(parts *multipart.Reader, depth int) error {
	for {
		part, err := parts.NextRawPart() // raw: the decoding is ours, in one place
		if err == io.EOF {
			return nil
		}
		if err != nil {
			return fmt.Errorf("reading a multipart: %w", err)
		}
		if err := m.addPart(part.Header, part, depth); err != nil {
			return err
		}
	}
}

func decoder(encoding string, body io.Reader) io.Reader {
	switch strings.ToLower(strings.TrimSpace(encoding)) {
	case "quoted-printable":
		return quotedprintable.NewReader(body)
	case "base64":
		return base64.NewDecoder(base64.StdEncoding, body) // skips line ends
	}
	return body
}
