// Auth.js.  npm install @auth/core@0.41.3
// In Next.js the same `config` goes to NextAuth(config) of next-auth@5, in auth.ts; nothing else changes.
// Register the redirect URI http://127.0.0.1:9000/auth/callback/husky.  ISSUER=… CLIENT_ID=… CLIENT_SECRET=… node authjs.mjs
import { createServer } from 'node:http';
import { Auth } from '@auth/core';

const { ISSUER, CLIENT_ID, CLIENT_SECRET, PORT = '9000' } = process.env;
const base = `http://127.0.0.1:${PORT}`;
const config = {
  basePath: '/auth',
  secret: process.env.AUTH_SECRET ?? crypto.randomUUID(), // of your cookies: keep it, or everybody is signed out at a restart
  trustHost: true,
  providers: [{
    id: 'husky', name: 'HUSKY Health', type: 'oidc', issuer: ISSUER, clientId: CLIENT_ID, clientSecret: CLIENT_SECRET,
    client: { token_endpoint_auth_method: 'client_secret_basic' },
    authorization: { params: { scope: 'openid profile' } },
    checks: ['pkce', 'state', 'nonce'],
    idToken: false, // the claims come from userinfo
  }],
  pages: { error: '/error' },
};

createServer(async (request, response) => {
  const chunks = [];
  for await (const chunk of request) chunks.push(chunk);
  const headers = new Headers(Object.entries(request.headers).filter(([, value]) => typeof value === 'string'));
  const asked = new Request(new URL(request.url, base), { method: request.method, headers, body: chunks.length ? Buffer.concat(chunks) : undefined });
  if (request.url.startsWith('/auth/')) {
    const answer = await Auth(asked, config);
    for (const [name, value] of answer.headers) response.appendHeader(name, value); // several cookies come one by one
    response.writeHead(answer.status).end(Buffer.from(await answer.arrayBuffer()));
    return;
  }
  if (request.url.startsWith('/error')) {
    response.writeHead(400).end('Not signed in: begin again at /auth/signin');
    return;
  }
  const session = await (await Auth(new Request(`${base}/auth/session`, { headers }), config)).json();
  response.end(session?.user ? `Hello, ${session.user.name}` : 'Sign in at /auth/signin');
}).listen(Number(PORT), '127.0.0.1', () => console.log(`${base}/auth/signin`));
