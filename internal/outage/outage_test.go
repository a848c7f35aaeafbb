package outage

import (
	"bytes"
	"log/slog"
	"strings"
	"testing"
	"testing/synctest"
	"time"
)

// An outage of ninety seconds, as a loop tells it that tries each second, is three lines.
func TestHandler(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var out bytes.Buffer
		log := slog.New(NewHandler(slog.NewTextHandler(&out, nil)))
		for range 90 {
			log.Warn("not refreshed", "error", "away")
			log.With("instance", "1").Info("other")
			time.Sleep(time.Second)
		}
		log.Error("periodic work failed", "work", "mails")
		log.Error("periodic work failed", "work", "notices")
		time.Sleep(over + time.Second)
		synctest.Wait()
		log.Warn("not refreshed", "error", "away again")
		var got []string
		for said := range strings.Lines(out.String()) {
			_, said, _ = strings.Cut(strings.TrimSpace(said), "level=")
			if said, _, _ = strings.Cut(said, " first="); !strings.Contains(said, "other") {
				got = append(got, said)
			}
		}
		want := []string{`WARN msg="not refreshed" error=away`, `WARN msg="not refreshed" error=away times=60`,
			`ERROR msg="periodic work failed" work=mails`, `ERROR msg="periodic work failed" work=notices`,
			`INFO msg=recovered from="not refreshed" times=90`, `INFO msg=recovered from="periodic work failed" times=1`, `INFO msg=recovered from="periodic work failed" times=1`,
			`WARN msg="not refreshed" error="away again"`}
		if strings.Join(got, "\n") != strings.Join(want, "\n") {
			t.Errorf("the log is\n%s\nwant\n%s", strings.Join(got, "\n"), strings.Join(want, "\n"))
		}
		if n := strings.Count(out.String(), "msg=other"); n != 90 {
			t.Errorf("%d of 90 other lines", n)
		}
	})
}
