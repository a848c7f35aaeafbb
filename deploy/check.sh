#!/usr/bin/env bash
# Checks the files of this folder with the programs that they are for, or with the library that the program is made of; what
# is not installed is said aloud and left out.
set -euo pipefail
cd "$(dirname "$0")"
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
checked=0 failed=0

# check NAME PROGRAM COMMAND…
check() {
	local name=$1 program=$2
	shift 2
	if ! command -v "$program" >/dev/null; then
		echo "NOT CHECKED: $name, for want of $program"
	elif "$@" >"$work/said" 2>&1; then
		echo "right: $name"
		checked=$((checked + 1))
	else
		echo "WRONG: $name"
		cat "$work/said"
		failed=$((failed + 1))
	fi
}

unit() { # the program need not be installed
	local each
	for each in idp idp-migrate; do sed 's#=/usr/local/bin/idp#=/bin/true#' "systemd/$each.service" >"$work/$each.service"; done
	systemd-analyze verify "$work/idp.service" "$work/idp-migrate.service"
}
nginx_test() { # as it is, with a certificate that there is
	openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 1 -subj /CN=x -keyout "$work/key" -out "$work/cert"
	sed "s#/etc/idp/tls.pem#$work/cert#; s#/etc/idp/tls.key#$work/key#" nginx.conf >"$work/nginx.conf"
	echo "pid $work/nginx.pid;" >>"$work/nginx.conf"
	nginx -t -c "$work/nginx.conf"
}

check "alert rules" promtool promtool check rules prometheus/alerts.yml
check "alert rules fire" promtool promtool test rules prometheus/alerts_test.yml
check "Prometheus" promtool promtool check config prometheus/prometheus.yml
check "systemd unit" systemd-analyze unit
check "nginx" nginx nginx_test
check "Caddy" caddy caddy validate --adapter caddyfile --config Caddyfile
check "Kubernetes, put together" kubectl kubectl kustomize kubernetes
kubectl kustomize kubernetes >"$work/kubernetes.yaml" 2>/dev/null || true
manifests=(kubeconform -strict -summary)
command -v kubeconform >/dev/null || manifests=(go run -C ../tools ./manifests) # the types of the Kubernetes API
check "Kubernetes, by schema" "${manifests[0]}" "${manifests[@]}" "$work/kubernetes.yaml"
compose=(docker compose)
docker compose version >/dev/null 2>&1 || compose=(go tool -modfile=tools/go.mod github.com/compose-spec/compose-go/v2/cmd) # the library in it
compose_config() (
	cd ..
	case ${compose[0]} in
	docker) docker compose -f docker-compose.yml -f deploy/docker-compose.operations.yml config -q ;;
	*) GOFLAGS='' "${compose[@]}" docker-compose.yml deploy/docker-compose.operations.yml ;;
	esac
)
check "docker compose" "${compose[0]}" compose_config
echo "$checked passed, $failed failed"
[ "$failed" = 0 ]
