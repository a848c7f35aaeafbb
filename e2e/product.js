// The product under test: `idp demo` on free ports and a data folder of its own.
import { execFile, spawn } from 'node:child_process';
import { existsSync, statfsSync } from 'node:fs';
import { chmod, mkdtemp, readFile, rm } from 'node:fs/promises';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';

const execute = promisify(execFile);

export const binary = process.env.IDP ?? fileURLToPath(new URL('../bin/idp', import.meta.url));

/** freePort is a port below those that the system gives to others on a busy machine, see internal/freeport. */
export async function freePort() {
  for (;;) {
    const port = 10000 + Math.floor(Math.random() * 22000);
    const server = createServer();
    const free = await new Promise((resolve) => { server.once('error', () => resolve(false)).listen(port, '127.0.0.1', () => server.close(() => resolve(true))); });
    if (free) return port;
  }
}

/** fastFolder is the memory file system where there is room in it, else the folder for temporary files: see postgrestest. */
function fastFolder() {
  const memory = '/dev/shm';
  if (!existsSync(memory)) return tmpdir();
  const free = statfsSync(memory);
  return free.bavail * free.bsize < 4 * 2 ** 30 ? tmpdir() : memory;
}

/** start runs the demo; stop ends it and erases its data. */
export async function start(options = {}) {
  const dir = options.dir ?? await mkdtemp(join(fastFolder(), 'idp-e2e-'));
  await chmod(dir, 0o755); // PostgreSQL's own user passes through
  const child = spawn(binary, ['demo', '--data-dir', join(dir, 'data'), '--port', String(options.port ?? await freePort()),
    '--portal-port', String(options.portalPort ?? await freePort()), '--desk-port', '0', '--fhir-port', '0', '--partner-port', '0', '--sandbox-port', '0', ...(options.args ?? [])], { stdio: ['ignore', 'pipe', 'inherit'] });
  const text = await new Promise((resolve, reject) => {
    let out = '';
    child.stdout.on('data', (chunk) => {
      out += chunk;
      if (out.includes('Ctrl-C')) resolve(out);
    });
    child.on('exit', (code) => reject(new Error(`idp demo ended with ${code}\n${out}`)));
  });
  const run = join(dir, 'data', 'postgres', 'run');
  const line = (name) => text.match(new RegExp(`${name}\\s+(\\S+)`))[1];
  return {
    dir,
    // for the commands that manage the demo's data from another process
    admin: { IDP_DATABASE_URL: `host=${run} user=idp dbname=idp`, IDP_KEK_FILE: join(dir, 'data', 'kek') },
    portal: line('Sample portal'),
    issuer: line('Provider'),
    mailbox: line('Mailbox'),
    desk: line('Support desk'),
    fhir: line('FHIR server'),
    partners: line('Partner area'),
    sandbox: new URL(line('Sandbox')).origin,
    /** sql runs a statement: a browser's clock can be moved, the server's cannot, so that its rows are. */
    async sql(statement) {
      const { stdout } = await execute('psql', ['-h', run, '-U', 'idp', '-d', 'idp', '-At', '-c', statement]);
      return stdout.trim();
    },
    /** whileAway stops the database's processes in their tracks, so that nothing answers, until what has ended. */
    async whileAway(what) {
      const first = (await readFile(join(dir, 'data', 'postgres', 'pgdata', 'postmaster.pid'), 'utf8')).split('\n')[0];
      const { stdout } = await execute('pgrep', ['-P', first]);
      const all = [first, ...stdout.split('\n').filter(Boolean)].map(Number);
      const signal = (name) => all.forEach((pid) => { try { process.kill(pid, name); } catch (e) { if (e.code !== 'ESRCH') throw e; } });
      signal('SIGSTOP');
      try { return await what(); } finally { signal('SIGCONT'); }
    },
    /** end sends the signal and waits; the data stays. */
    async end(signal = 'SIGTERM') {
      const ended = new Promise((resolve) => child.on('exit', resolve));
      child.kill(signal);
      return ended;
    },
    async stop() {
      await this.end();
      await rm(dir, { recursive: true, force: true });
    },
  };
}

/** chromium is the browser's path: the one that is built without windows takes a third less time, but keeps no whole pages for Back. */
export function chromium({ whole = false } = {}) {
  const found = [process.env.CHROMIUM, !whole && '/usr/bin/chromium-headless-shell', '/usr/bin/chromium', '/usr/bin/chromium-browser', '/usr/bin/google-chrome',
    '/Applications/Google Chrome.app/Contents/MacOS/Google Chrome'].find((path) => path && existsSync(path));
  if (!found) throw new Error('no Chromium: apt-get install chromium, or set CHROMIUM to its path');
  return found;
}

/** Cards of the sample roster, each used by one walk, since a card makes one account. */
export const cards = {
  spanish: { number: '004123789', first: 'MARÍA JOSÉ', last: 'NÚÑEZ PEÑALINDA', suffix: '', year: 1984, month: 3, day: 14 },
  suffix: { number: '310542266', first: 'James', last: 'Thornwickle', suffix: 'JR', year: 1971, month: 11, day: 2 },
  plain: { number: '572908314', first: 'Ana', last: 'Riverstowe', suffix: '', year: 1996, month: 8, day: 25 },
  folded: { number: '118204437', first: 'juan carlos', last: 'De la Lunarejo', suffix: '', year: 1968, month: 1, day: 30 },
  apostrophe: { number: '120773905', first: 'Siobhan', last: 'OFenworthy', suffix: '', year: 1990, month: 6, day: 11 },
  hyphen: { number: '137450028', first: 'Mary Ann', last: 'Ashbourney Oakendall', suffix: '', year: 1979, month: 9, day: 19 },
};
