package provider

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/base64"
	"encoding/binary"
	"errors"
	"image"
	_ "image/jpeg" // for DecodeConfig
	_ "image/png"  // for DecodeConfig
	"net/http"
	"strings"

	"github.com/gin-gonic/gin"
	"github.com/jackc/pgx/v5"

	"huskyidp/internal/web"
)

// logo is our copy of a client's logo. In the registry it has no Image.
type logo struct {
	Digest    []byte
	MediaType string
	Image     []byte
}

// maxLogoSide is in pixels: a small file can decode to a very large picture.
const maxLogoSide = 2048

// fetchLogos fetches the logos that a client registered, by language (S-27: our pages load no image from other sites).
func (r *Clients) fetchLogos(ctx context.Context, m *Metadata) (map[string]*logo, error) {
	logos := map[string]*logo{}
	addresses := m.fields()
	addresses["logo_uri#"] = m.LogoURI
	for member, address := range addresses {
		lang, found := strings.CutPrefix(member, "logo_uri#")
		if !found || address == "" {
			continue
		}
		var err error
		if logos[lang], err = r.fetchLogo(ctx, strings.TrimSuffix(member, "#"), address); err != nil {
			return nil, err
		}
	}
	return logos, nil
}

// fetchLogo fetches one. It refuses SVG, which can contain script.
func (r *Clients) fetchLogo(ctx context.Context, member, address string) (*logo, error) {
	body, err := r.fetch(ctx, address, "image/png, image/jpeg, image/webp")
	if err != nil {
		return nil, &MetadataError{member, "could not be fetched: it must be https, public, and at most 64 KiB"}
	}
	media := http.DetectContentType(body)
	width, height := 0, 0
	switch media {
	case "image/png", "image/jpeg":
		var config image.Config
		config, _, err = image.DecodeConfig(bytes.NewReader(body))
		width, height = config.Width, config.Height
	case "image/webp":
		width, height, err = webpSize(body)
	default:
		err = errNotWebP
	}
	if err != nil || width < 1 || height < 1 || width > maxLogoSide || height > maxLogoSide {
		return nil, &MetadataError{member, "is not a PNG, JPEG or WebP picture of at most 2048 by 2048 pixels"}
	}
	sum := sha256.Sum256(body)
	return &logo{sum[:], media, body}, nil
}

var errNotWebP = errors.New("provider: not a WebP picture")

// webpSize reads the size from the header of a WebP file (RFC 9649 section 2).
func webpSize(b []byte) (width, height int, err error) {
	if len(b) < 30 {
		return 0, 0, errNotWebP
	}
	three := func(at int) int { return int(b[at]) | int(b[at+1])<<8 | int(b[at+2])<<16 }
	switch string(b[12:16]) {
	case "VP8X":
		return three(24) + 1, three(27) + 1, nil
	case "VP8 ":
		return int(binary.LittleEndian.Uint16(b[26:]) & 0x3fff), int(binary.LittleEndian.Uint16(b[28:]) & 0x3fff), nil
	case "VP8L":
		bits := binary.LittleEndian.Uint32(b[21:])
		return int(bits&0x3fff) + 1, int(bits>>14&0x3fff) + 1, nil
	}
	return 0, 0, errNotWebP
}

// path returns the logo's path for pages, "" without one. It changes with the picture, so that browsers may cache it.
func (l *logo) path() string {
	if l == nil {
		return ""
	}
	return "/logo/" + base64.RawURLEncoding.EncodeToString(l.Digest)
}

// showLogo serves a logo. Nothing in it is ever executed.
func (h *Handler) showLogo(c *gin.Context) error {
	digest, err := base64.RawURLEncoding.DecodeString(c.Param("digest"))
	if err != nil {
		return &web.Error{Status: http.StatusNotFound, Key: web.KeyNotFound}
	}
	var l logo
	err = h.service.store.db.From(c.Request.Context()).QueryRow(c.Request.Context(),
		`select media_type, image from client_logos where digest = $1
		union all select media_type, image from client_language_logos where digest = $1 limit 1`, digest).Scan(&l.MediaType, &l.Image)
	if errors.Is(err, pgx.ErrNoRows) {
		return &web.Error{Status: http.StatusNotFound, Key: web.KeyNotFound}
	}
	if err != nil {
		return err
	}
	c.Header("Cache-Control", "public, max-age=31536000, immutable")
	c.Header("Content-Security-Policy", "default-src 'none'; sandbox")
	c.Data(http.StatusOK, l.MediaType, l.Image)
	return nil
}

// storeLogos takes part in the transaction that changes a client.
func (r *Clients) storeLogos(ctx context.Context, c *Client) error {
	b := &pgx.Batch{}
	b.Queue(`delete from client_logos where client_id = $1`, c.ID)
	b.Queue(`delete from client_language_logos where client_id = $1`, c.ID)
	for lang, l := range c.logos {
		if lang == "" {
			b.Queue(`insert into client_logos (client_id, digest, media_type, image) values ($1, $2, $3, $4)`, c.ID, l.Digest, l.MediaType, l.Image)
		} else {
			b.Queue(`insert into client_language_logos (client_id, lang, digest, media_type, image) values ($1, $2, $3, $4, $5)`, c.ID, lang, l.Digest, l.MediaType, l.Image)
		}
	}
	return r.DB.From(ctx).SendBatch(ctx, b).Close()
}
