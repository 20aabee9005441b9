interface KnownRoute {
  readonly pattern: RegExp;
  readonly methods: readonly string[];
}

/** Which methods a path knows: tells "no such path" from "not with this method". */
export class RouteTable {
  private readonly routes: KnownRoute[] = [];

  add(url: string, method: string | readonly string[]): void {
    this.routes.push({ pattern: patternOf(url), methods: [method].flat() });
  }

  methodsOf(path: string): string[] {
    const matching = this.routes.filter(({ pattern }) => pattern.test(path));
    return [...new Set(matching.flatMap(({ methods }) => methods))].toSorted();
  }
}

/** `/users/:id` and `/docs/*` as Fastify's router reads them. */
function patternOf(url: string): RegExp {
  const source = url
    .split('/')
    .map((part) => {
      if (part.startsWith(':')) return '[^/]+';
      return part.replace(/[.+?^${}()|[\]\\]/g, '\\$&').replaceAll('*', '.*');
    })
    .join('/');
  return new RegExp(`^${source}/?$`);
}
