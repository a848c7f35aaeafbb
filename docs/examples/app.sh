#!/usr/bin/env bash
# The same by hand, to see what goes over the wire.  apt-get install curl openssl jq  (curl 7.76 or newer)
# ISSUER=… CLIENT_ID=… CLIENT_SECRET=… bash app.sh
# Paste the address that the browser ends at; nothing listens there. A real app checks the ID token with a library.
set -euo pipefail
callback=http://127.0.0.1:${PORT:-9000}/callback
meta=$(curl -fsS "$ISSUER/.well-known/openid-configuration")
random() { openssl rand -base64 48 | tr '+/' '-_' | tr -d '=\n'; }
state=$(random) nonce=$(random) verifier=$(random)
challenge=$(printf %s "$verifier" | openssl dgst -sha256 -binary | openssl base64 | tr '+/' '-_' | tr -d '=\n')
echo "$(jq -r .authorization_endpoint <<<"$meta")?response_type=code&client_id=$CLIENT_ID&redirect_uri=$callback&scope=openid+profile&state=$state&nonce=$nonce&code_challenge=$challenge&code_challenge_method=S256"
read -r answer
grep -q "state=$state" <<<"$answer" || { echo "the answer is not to our request" >&2; exit 1; }
if grep -q '[?&]error=' <<<"$answer"; then
  echo "Not signed in: $(sed 's/.*[?&]error=\([^&]*\).*/\1/' <<<"$answer")" >&2
  exit 1
fi
code=$(sed 's/.*[?&]code=\([^&]*\).*/\1/' <<<"$answer")
tokens=$(curl -fsS -u "$CLIENT_ID:$CLIENT_SECRET" -d grant_type=authorization_code -d "code=$code" -d "redirect_uri=$callback" -d "code_verifier=$verifier" \
  "$(jq -r .token_endpoint <<<"$meta")")
member=$(curl -fsS -H "Authorization: Bearer $(jq -r .access_token <<<"$tokens")" "$(jq -r .userinfo_endpoint <<<"$meta")")
echo "Hello, $(jq -r .name <<<"$member")"
