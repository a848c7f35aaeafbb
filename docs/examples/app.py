# A complete relying party on authlib.  pip install authlib==1.9.10 joserfc==1.8.0 requests==2.34.2
# ISSUER=… CLIENT_ID=… CLIENT_SECRET=… python3 app.py
import os
from http.server import BaseHTTPRequestHandler, HTTPServer

import requests
from authlib.common.security import generate_token
from authlib.integrations.requests_client import OAuth2Session
from joserfc import jwt
from joserfc.jwk import KeySet

if os.environ["ISSUER"].startswith("http://localhost"):
    os.environ["AUTHLIB_INSECURE_TRANSPORT"] = "1"  # the demo has no TLS
port = int(os.environ.get("PORT", "9000"))
meta = requests.get(os.environ["ISSUER"] + "/.well-known/openid-configuration", timeout=5).json()
app = OAuth2Session(os.environ["CLIENT_ID"], os.environ["CLIENT_SECRET"], scope="openid profile",
                    redirect_uri=f"http://127.0.0.1:{port}/callback", code_challenge_method="S256")
verifier, nonce = generate_token(48), generate_token(20)
url, state = app.create_authorization_url(meta["authorization_endpoint"], code_verifier=verifier, nonce=nonce)


def sign_in(answer):
    tokens = app.fetch_token(meta["token_endpoint"], authorization_response=answer, state=state, code_verifier=verifier)
    keys = KeySet.import_key_set(requests.get(meta["jwks_uri"], timeout=5).json())
    claims = jwt.decode(tokens["id_token"], keys, algorithms=["RS256", "ES256"]).claims
    jwt.JWTClaimsRegistry(iss={"essential": True, "value": meta["issuer"]}, aud={"essential": True, "value": app.client_id},
                          nonce={"essential": True, "value": nonce}, exp={"essential": True}).validate(claims)
    return app.get(meta["userinfo_endpoint"]).json()["name"]


class Callback(BaseHTTPRequestHandler):
    def do_GET(self):
        try:
            status, text = 200, f"Hello, {sign_in(self.path)}"
        except Exception as problem:  # the member said no, or came back late: let them begin again
            status, text = 400, f"Not signed in: {getattr(problem, 'error', problem)}"
        self.send_response(status)
        self.end_headers()
        self.wfile.write(text.encode())
        self.server.done = status == 200

    def log_message(self, *_):
        pass


server = HTTPServer(("127.0.0.1", port), Callback)
print(url, flush=True)
server.done = False
while not server.done:
    server.handle_request()
