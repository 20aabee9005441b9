import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import path from 'node:path';

const root = path.join(__dirname, '..', '..');
const compose = read('docker-compose.yml');
const example = read('.env.example');
const dockerfile = read('Dockerfile');

const secrets = [
  'POSTGRES_PASSWORD',
  'REDIS_PASSWORD',
  'ENCRYPTION_KEYS',
  'JWT_SECRET',
  'AUDIT_SIGNING_KEY',
  'ADMIN_PASSWORD',
];
const clients = [['docker', 'compose'], ['docker-compose']].filter(
  ([command = '', ...args]) => spawnSync(command, [...args, 'version']).status === 0,
);

function read(name: string): string {
  return readFileSync(path.join(root, name), 'utf8');
}

function configure(client: readonly string[], variables: Record<string, string>) {
  const [command = '', ...args] = client;
  const options = ['--profile', 'samples', 'config', '--quiet'];
  return spawnSync(command, [...args, '-f', path.join(root, 'docker-compose.yml'), ...options], {
    env: { PATH: process.env['PATH'], HOME: process.env['HOME'], ...variables },
    encoding: 'utf8',
  });
}

describe('docker-compose.yml', () => {
  it('has no default for a secret', () => {
    const uses = [...compose.matchAll(/\$\{(\w*(?:PASSWORD|SECRET|KEYS?))([^}]*)\}/g)];
    expect(new Set(uses.map(([, name]) => name))).toEqual(new Set([...secrets, 'SAMPLES_PASSWORD']));
    for (const [, name, rule] of uses) {
      expect([name, rule]).toEqual([name, name === 'SAMPLES_PASSWORD' ? ':-' : ':?set it in .env']);
    }
  });

  it('gives every service a password that is written nowhere', () => {
    const values = [
      ...compose.matchAll(/^ +\w*PASSWORD\w*: (.*)$/gm),
      ...compose.matchAll(/:\/\/\w*:([^@]*)@/g),
    ];
    expect(values.length).toBeGreaterThanOrEqual(6);
    for (const [, value] of values) expect(value).toMatch(/^\$\{\w+_PASSWORD:/);
  });

  it('has every service and profile', () => {
    const services = compose.slice(compose.indexOf('\nservices:'), compose.indexOf('\nnetworks:'));
    expect([...services.matchAll(/^ {2}(\w+):$/gm)].map(([, name]) => name)).toEqual([
      'sluice',
      'postgres',
      'redis',
      'mariadb',
      'mongodb',
    ]);
    expect(services.match(/profiles: \[samples\]/g)).toHaveLength(2);
  });

  it('publishes its port on the loopback interface only', () => {
    expect([...compose.matchAll(/ports: (.*)/g)].map(([, ports]) => ports)).toEqual([
      `['127.0.0.1:\${SLUICE_PORT:-3000}:3000']`,
    ]);
  });

  it('uses no variable that .env.example does not explain', () => {
    const used = new Set([...compose.matchAll(/\$\{(\w+)/g)].map(([, name]) => name));
    const explained = new Set([...example.matchAll(/^(\w+)=/gm)].map(([, name]) => name));
    expect(explained).toEqual(used);
    for (const name of [...secrets, 'SAMPLES_PASSWORD'])
      expect(example).toMatch(new RegExp(`^${name}=$`, 'm'));
  });

  for (const client of clients) {
    it(`is valid for ${client.join(' ')}, which refuses it without any one of the secrets`, () => {
      const all = Object.fromEntries(secrets.map((name) => [name, 'x']));
      expect(configure(client, all)).toMatchObject({ status: 0 });
      for (const name of secrets) {
        const result = configure(client, { ...all, [name]: '' });
        expect(result.stderr).toContain('set it in .env');
        expect(result.status).not.toBe(0);
      }
    });
  }
});

describe('Dockerfile', () => {
  const lastStage = dockerfile.slice(dockerfile.lastIndexOf('\nFROM'));

  it('runs as an ordinary user, from packages without those of development', () => {
    expect(lastStage).toMatch(/\nUSER node\n/);
    const command = JSON.parse(/\nCMD (\[.*\])/.exec(lastStage)![1]!) as string[];
    const { scripts } = JSON.parse(read('package.json')) as { scripts: Record<string, string> };
    expect(command.join(' ')).toBe(scripts['start:prod']);
    expect(lastStage).toContain('COPY --from=packages /app/node_modules');
    expect(dockerfile).toContain('npm ci --omit=dev');
  });

  it('asks for liveness and carries the migrations', () => {
    expect(lastStage).toMatch(/HEALTHCHECK .*\/api\/health\/live/);
    expect(lastStage).toContain('COPY migrations ./migrations');
  });

  it('copies nothing that .dockerignore keeps out', () => {
    const allowed = new Set(read('.dockerignore').match(/(?<=^!)\S+/gm));
    const copied = [...dockerfile.matchAll(/^COPY (?!--from)(.+) \S+$/gm)].flatMap(([, names]) =>
      names?.split(' '),
    );
    expect(copied.length).toBeGreaterThan(0);
    expect(new Set(copied)).toEqual(allowed);
  });
});
