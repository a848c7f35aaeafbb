// A relying party built on openid-client, registered with the product and called back on a port of its own.
import { execFile } from 'node:child_process';
import { writeFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import { join } from 'node:path';
import { promisify } from 'node:util';
import * as oidc from 'openid-client';
import { binary } from './product.js';

/** register makes a client with the product's own command; the provider sees it within a second. */
export async function register(product, metadata) {
  const file = join(product.dir, `client-${Math.random().toString(36).slice(2)}.json`);
  await writeFile(file, JSON.stringify(metadata));
  const { stdout } = await promisify(execFile)(binary, ['clients', 'create', file], { env: { ...process.env, ...product.admin } });
  await new Promise((resolve) => setTimeout(resolve, 1500));
  return JSON.parse(stdout);
}

export class App {
  static async register(product, metadata) {
    const app = new App();
    app.server = createServer((request, response) => response.end('<!doctype html><title>app</title><h1>app</h1>'));
    await new Promise((resolve) => app.server.listen(0, '127.0.0.1', resolve));
    const base = `http://127.0.0.1:${app.server.address().port}`;
    app.callback = `${base}/callback`;
    app.goodbye = `${base}/goodbye`;
    app.client = await register(product, { redirect_uris: [app.callback], post_logout_redirect_uris: [app.goodbye], id_token_signed_response_alg: 'ES256', ...metadata });
    await app.discover(product);
    return app;
  }

  async discover(product) {
    const { client_id: id, client_secret: secret, id_token_signed_response_alg: alg } = this.client;
    this.config = await oidc.discovery(new URL(product.issuer), id, { id_token_signed_response_alg: alg }, oidc.ClientSecretBasic(secret), { execute: [oidc.allowInsecureRequests] });
  }

  close() { this.server.close(); }

  /** ask makes an authorization request; url is where the browser goes. */
  async ask(parameters) {
    const verifier = oidc.randomPKCECodeVerifier();
    const checks = { pkceCodeVerifier: verifier, expectedState: oidc.randomState(), expectedNonce: oidc.randomNonce(), idTokenExpected: true };
    const url = oidc.buildAuthorizationUrl(this.config, { redirect_uri: this.callback, code_challenge: await oidc.calculatePKCECodeChallenge(verifier),
      code_challenge_method: 'S256', state: checks.expectedState, nonce: checks.expectedNonce, ...parameters });
    return { url: url.href, checks };
  }

  redeem(request, address) { return oidc.authorizationCodeGrant(this.config, new URL(address), request.checks); }
}
