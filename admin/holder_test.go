package admin

import (
	"context"
	"io"
	"time"
)

// rows stands for the audit's export.
type rows struct{}

func (rows) Export(_ context.Context, w io.Writer, _, _ time.Time) error {
	_, err := io.WriteString(w, "{}\n")
	return err
}
