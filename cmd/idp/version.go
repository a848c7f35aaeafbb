package main

import (
	"cmp"
	"fmt"
	"runtime/debug"

	"github.com/prometheus/client_golang/prometheus"
)

// version and commit are set by "make release" and by the image's build, which have no repository at hand.
var version, commit string

// built describes the source of this program: from the linker, or from the repository that it was built in.
func built() (v, revision, goVersion string) {
	v, revision = version, commit
	changed := ""
	info, ok := debug.ReadBuildInfo()
	if !ok {
		return cmp.Or(v, "unknown"), cmp.Or(revision, "unknown"), ""
	}
	for _, setting := range info.Settings {
		switch {
		case setting.Key == "vcs.revision" && revision == "":
			revision = setting.Value[:min(12, len(setting.Value))]
		case setting.Key == "vcs.modified" && setting.Value == "true" && commit == "":
			changed = "+changed"
		}
	}
	return cmp.Or(v, info.Main.Version, "unknown"), cmp.Or(revision, "unknown") + changed, info.GoVersion
}

func versionNumber() string {
	v, _, _ := built()
	return v
}

// VersionCmd is "idp version".
type VersionCmd struct{}

// Run prints what the build recorded.
func (VersionCmd) Run(p *process) error {
	_, err := fmt.Fprintln(p.stdout, versionLine())
	return err
}

func versionLine() string {
	v, revision, goVersion := built()
	return fmt.Sprintf("idp %s %s %s", v, revision, goVersion)
}

// buildInfo is a metric of it that is always 1.
func buildInfo() prometheus.Collector {
	v, revision, goVersion := built()
	info := prometheus.NewGauge(prometheus.GaugeOpts{Name: "idp_build_info", Help: "What runs here.",
		ConstLabels: prometheus.Labels{"version": v, "revision": revision, "goversion": goVersion}})
	info.Set(1)
	return info
}
