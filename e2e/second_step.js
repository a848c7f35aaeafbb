// What walks with a second step share.
import assert from 'node:assert/strict';
import { Authenticator } from './totp.js';

/** signOut ends the session and leads to the sign-in page. */
export async function signOut(member) {
  await member.page.goto(`${member.product.issuer}/logout`);
  await member.press('logout-confirm');
  await member.at('/logout/done');
  await member.page.goto(`${member.product.issuer}/login`);
}

/** addApp walks from the app's page to the saved codes. */
export async function addApp(member) {
  const { page } = member;
  await member.at('/account/factors/totp');
  await member.look('totp');
  const app = new Authenticator(await page.locator('.key').innerText(), member.product);
  await page.fill('#code', '000000');
  await member.press('activate');
  await member.look('totp-wrong');
  await page.fill('#code', await app.code());
  await member.press('activate');
  await member.at('/account/factors/saved-codes');
  await member.look('codes-offered');
  await member.press('renew');
  await page.waitForSelector('.codes');
  await member.look('codes');
  const codes = await page.locator('.codes li').allInnerTexts();
  assert.equal(codes.length, 10);
  await page.reload();
  assert.deepEqual(await page.locator('.codes li').allInnerTexts(), codes, 'a reload shows the same list');
  return { app, codes };
}

/** withKey gives the browser a device that holds passkeys and whose owner is at hand. */
export async function withKey(member) {
  const client = await member.context.newCDPSession(member.page);
  await client.send('WebAuthn.enable');
  const { authenticatorId } = await client.send('WebAuthn.addVirtualAuthenticator', {
    options: { protocol: 'ctap2', transport: 'internal', hasResidentKey: true, hasUserVerification: true, isUserVerified: true, automaticPresenceSimulation: true },
  });
  return {
    present: (enabled) => client.send('WebAuthn.setAutomaticPresenceSimulation', { authenticatorId, enabled }),
    verify: (isUserVerified) => client.send('WebAuthn.setUserVerified', { authenticatorId, isUserVerified }),
    keys: async () => (await client.send('WebAuthn.getCredentials', { authenticatorId })).credentials,
  };
}
