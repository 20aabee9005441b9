import helmet from '@fastify/helmet';
import fastify from 'fastify';

export interface SecurityHeaders {
  readonly api: Readonly<Record<string, string>>;
  /** For the Swagger page, which runs its own scripts and styles. */
  readonly docs: Readonly<Record<string, string>>;
}

type HelmetOptions = NonNullable<Parameters<typeof helmet>[1]>;

/** No HSTS: whether TLS ends here or at a proxy, and for which names, is not ours to promise. */
const common: HelmetOptions = {
  referrerPolicy: { policy: 'no-referrer' },
  xFrameOptions: { action: 'deny' },
  strictTransportSecurity: false,
};

/**
 * Helmet's headers do not depend on the request, and computing them for each one costs as much as the rest of a
 * small answer: they are taken once from a throw-away server.
 */
export async function securityHeaders(): Promise<SecurityHeaders> {
  const api = await headersOf({
    ...common,
    contentSecurityPolicy: {
      useDefaults: false,
      directives: { defaultSrc: ["'none'"], frameAncestors: ["'none'"] },
    },
  });
  const docs = await headersOf({
    ...common,
    contentSecurityPolicy: {
      useDefaults: false,
      directives: {
        defaultSrc: ["'self'"],
        // Swagger UI sets style attributes and draws its icons from data: addresses.
        styleSrc: ["'self'", "'unsafe-inline'"],
        imgSrc: ["'self'", 'data:'],
        objectSrc: ["'none'"],
        baseUri: ["'none'"],
        formAction: ["'self'"],
        frameAncestors: ["'none'"],
      },
    },
  });
  return { api: { ...api, 'cache-control': 'no-store' }, docs };
}

async function headersOf(options: HelmetOptions): Promise<Record<string, string>> {
  const probe = fastify();
  await probe.register(helmet, options);
  probe.get('/', async () => '');
  const { headers } = await probe.inject('/');
  await probe.close();
  const ofTransport = new Set(['content-type', 'content-length', 'date', 'connection']);
  return Object.fromEntries(
    Object.entries(headers).flatMap(([name, value]) =>
      ofTransport.has(name) || value === undefined ? [] : [[name, String(value)]],
    ),
  );
}
