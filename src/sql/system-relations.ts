import type { Dialect } from '../common/dialect';
export declare function isSystemRelation(dialect: Dialect, schema: string | null, name: string): boolean;
