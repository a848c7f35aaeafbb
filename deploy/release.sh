#!/usr/bin/env bash
# release.sh VERSION: what a release is made of, in dist/: static binaries, checksums, a software bill of materials and the
# licences of the modules. Two runs on one commit give the same bytes; RELEASE_DIRECTORY names another folder.
set -euo pipefail
cd "$(dirname "$0")/.."
version=${1:?usage: release.sh VERSION}
[[ $version =~ ^v?[0-9]+\.[0-9]+\.[0-9]+(-[0-9A-Za-z.-]+)?$ ]] || { echo "$version is no version such as 1.2.3" >&2; exit 2; }
commit=$(git rev-parse --short=12 HEAD)
[ -z "$(git status --porcelain --untracked-files=no)" ] || { echo "there are changes that are not committed" >&2; exit 1; }
dist=${RELEASE_DIRECTORY:-dist}
rm -rf "$dist"
mkdir -p "$dist"
for arch in amd64 arm64; do
	CGO_ENABLED=0 GOOS=linux GOARCH=$arch GOAMD64=v1 GOFLAGS= go build -trimpath -buildvcs=false -tags nomsgpack,timetzdata \
		-ldflags "-s -w -buildid= -X main.version=$version -X main.commit=$commit" -o "$dist/idp-$version-linux-$arch" ./cmd/idp
done

# The licences of what the binary is linked from, one text after another.
GOFLAGS=-tags=nomsgpack,timetzdata go list -deps -f '{{with .Module}}{{if not .Main}}{{.Path}} {{.Version}} {{.Dir}}{{end}}{{end}}' ./cmd/idp |
	LC_ALL=C sort -u | while read -r path module_version folder; do
	[ -n "$path" ] || continue
	text=$(find "$folder" -maxdepth 1 -type f -iregex '.*/\(licen[cs]e\|copying\|notice\)[^/]*' | LC_ALL=C sort)
	[ -n "$text" ] || { [ "$path" = github.com/ory/x ] && continue; echo "$path has no licence file" >&2; exit 1; }
	printf '==== %s %s\n\n' "$path" "$module_version"
	while read -r file; do cat "$file"; echo; done <<<"$text"
done >"$dist/LICENCES.txt"

# Of what the binary says that it is linked from; the licences stand in LICENCES.txt. Instant and serial number are all that would differ between two runs.
if GOFLAGS= go tool -modfile=tools/go.mod -n cyclonedx-gomod >/dev/null; then
	GOFLAGS= go tool -modfile=tools/go.mod cyclonedx-gomod bin -json -noserial -version "$version" \
		-output "$dist/idp-$version.cdx.json" "$dist/idp-$version-linux-amd64"
	sed -i '/"timestamp":/d' "$dist/idp-$version.cdx.json"
else
	echo "NO BILL OF MATERIALS: cyclonedx-gomod cannot be had" >&2
fi
(cd "$dist" && sha256sum -- * >SHA256SUMS)
cat "$dist/SHA256SUMS"
