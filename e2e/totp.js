// What an authenticator app does (RFC 6238): six digits of a key, a time step of 30 seconds.
import { createHmac } from 'node:crypto';

const alphabet = 'ABCDEFGHIJKLMNOPQRSTUVWXYZ234567';

function bytes(key) {
  const bits = [...key.replace(/\s/g, '')].map((letter) => alphabet.indexOf(letter).toString(2).padStart(5, '0')).join('');
  return Buffer.from(bits.match(/.{8}/g).map((byte) => parseInt(byte, 2)));
}

/** Authenticator never gives the same code twice: it runs a step ahead rather than wait, which the service allows. */
export class Authenticator {
  constructor(key) { this.key = bytes(key); this.last = 0; }

  async code() {
    let step = Math.max(Math.floor(Date.now() / 30000), this.last + 1);
    while (step > Math.floor(Date.now() / 30000) + 1) { // two ahead are refused
      await new Promise((resolve) => setTimeout(resolve, 500));
      step = Math.max(Math.floor(Date.now() / 30000), this.last + 1);
    }
    this.last = step;
    const counter = Buffer.alloc(8);
    counter.writeBigUInt64BE(BigInt(step));
    const mac = createHmac('sha1', this.key).update(counter).digest();
    const at = mac[19] & 15;
    return String((mac.readUInt32BE(at) & 0x7fffffff) % 1e6).padStart(6, '0');
  }
}
