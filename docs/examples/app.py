# A complete relying party on authlib.  ISSUER=… CLIENT_ID=… CLIENT_SECRET=… python3 app.py
import os
from http.server import BaseHTTPRequestHandler, HTTPServer

import requests
from authlib.common.security import generate_token
from authlib.integrations.requests_client import OAuth2Session
from authlib.jose import JsonWebKey, jwt
from authlib.oidc.core import CodeIDToken

if os.environ["ISSUER"].startswith("http://localhost"):
    os.environ["AUTHLIB_INSECURE_TRANSPORT"] = "1"  # the demo has no TLS
port = int(os.environ.get("PORT", "9000"))
meta = requests.get(os.environ["ISSUER"] + "/.well-known/openid-configuration", timeout=5).json()
app = OAuth2Session(os.environ["CLIENT_ID"], os.environ["CLIENT_SECRET"], scope="openid profile",
                    redirect_uri=f"http://127.0.0.1:{port}/callback", code_challenge_method="S256")
verifier, nonce = generate_token(48), generate_token(20)
url, state = app.create_authorization_url(meta["authorization_endpoint"], code_verifier=verifier, nonce=nonce)


class Callback(BaseHTTPRequestHandler):
    def do_GET(self):
        tokens = app.fetch_token(meta["token_endpoint"], authorization_response=self.path, state=state, code_verifier=verifier)
        keys = JsonWebKey.import_key_set(requests.get(meta["jwks_uri"], timeout=5).json())
        claims = jwt.decode(tokens["id_token"], keys, claims_cls=CodeIDToken, claims_params={"nonce": nonce}, claims_options={
            "iss": {"value": meta["issuer"]}, "aud": {"value": app.client_id}})
        claims.validate()
        member = app.get(meta["userinfo_endpoint"]).json()
        self.send_response(200)
        self.end_headers()
        self.wfile.write(f"Hello, {member['name']}".encode())

    def log_message(self, *_):
        pass


print(url, flush=True)
HTTPServer(("127.0.0.1", port), Callback).handle_request()
