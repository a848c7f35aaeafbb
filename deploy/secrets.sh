#!/bin/sh
# Makes the secrets of docker-compose.yml in deploy/secrets, and leaves alone those that exist. Needs openssl.
# The files are readable for the containers' users; the folder is closed to everyone else on this machine.
set -eu
cd "$(dirname "$0")/secrets"
chmod 700 .

# once NAME COMMAND…: the command's output becomes the file, unless there is one.
once() {
	name=$1
	shift
	[ -s "$name" ] || { "$@" > "$name.new" && mv "$name.new" "$name"; }
}

# database_url owner|server
database_url() {
	printf 'postgres://idp_%s:%s@postgres:5432/idp?sslmode=disable' "$1" "$(cat "db-$1-password")"
}

once db-password openssl rand -hex 24
once db-owner-password openssl rand -hex 24
once db-server-password openssl rand -hex 24
once database-owner-url database_url owner
once database-url database_url server
once kek openssl rand -base64 32
once portal-key openssl rand -hex 32

# A certificate for https://idp.localhost:8443, from an authority whose key is thrown away at once.
if [ ! -s tls.pem ]; then
	new_key="-newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes"
	openssl req -x509 $new_key -days 397 -subj "/CN=huskyidp trial" -keyout ca.key -out ca.pem \
		-addext keyUsage=critical,keyCertSign 2>/dev/null
	openssl req -new $new_key -subj "/CN=idp.localhost" -keyout tls.key -out tls.csr 2>/dev/null
	printf 'subjectAltName=DNS:idp.localhost,DNS:desk.localhost,DNS:localhost\nextendedKeyUsage=serverAuth\n' > tls.ext
	openssl x509 -req -in tls.csr -CA ca.pem -CAkey ca.key -CAcreateserial -days 397 -extfile tls.ext -out tls.pem 2>/dev/null
	rm -f ca.key ca.srl tls.csr tls.ext
fi
chmod 444 db-password db-owner-password db-server-password database-owner-url database-url kek portal-key ca.pem tls.pem tls.key
echo "The secrets are in $(pwd). Next: docker compose up --build"
