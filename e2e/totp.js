// What an authenticator app does (RFC 6238): six digits of a key, a time step of 30 seconds.
import { createHmac } from 'node:crypto';

const alphabet = 'ABCDEFGHIJKLMNOPQRSTUVWXYZ234567';

function bytes(key) {
  const bits = [...key.replace(/\s/g, '')].map((letter) => alphabet.indexOf(letter).toString(2).padStart(5, '0')).join('');
  return Buffer.from(bits.match(/.{8}/g).map((byte) => parseInt(byte, 2)));
}

/** Authenticator never gives the same code twice in a row. Its product's clock cannot be moved: the step last used is. */
export class Authenticator {
  constructor(key, product) { this.key = bytes(key); this.last = 0; this.product = product; }

  async code() {
    const now = Math.floor(Date.now() / 30000);
    if (this.last > now) { // two steps ahead are refused
      await this.product.sql('update account_totp set last_step = last_step - 3');
      this.last = now - 1;
    }
    const step = Math.max(now, this.last + 1); // one earlier would be two back, where the step ends on the way
    this.last = step;
    const counter = Buffer.alloc(8);
    counter.writeBigUInt64BE(BigInt(step));
    const mac = createHmac('sha1', this.key).update(counter).digest();
    const at = mac[19] & 15;
    return String((mac.readUInt32BE(at) & 0x7fffffff) % 1e6).padStart(6, '0');
  }
}
