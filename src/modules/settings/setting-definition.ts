import { isStorableText } from '../../common/is-storable-text';

export type SettingPrimitive = string | number | boolean;

/** What a setting is; its value lies in `system_settings`. */
export interface SettingDefinition<T extends SettingPrimitive = SettingPrimitive> {
  readonly type: 'text' | 'integer' | 'number' | 'boolean';
  readonly default: T;
  /** Bounds of a number, or of the length of a text. */
  readonly min: number | null;
  readonly max: number | null;
  readonly description: string;
  readonly category: string;
  /** The value is never shown, neither in an answer nor in the audit log. */
  readonly sensitive: boolean;
  /** What fits: `must be …`. */
  readonly rule: string;
  accepts(value: unknown): boolean;
}

interface Described<T> {
  readonly default: T;
  readonly description: string;
  readonly category: string;
  readonly sensitive?: boolean;
}

interface Bounded<T> extends Described<T> {
  readonly min: number;
  readonly max: number;
}

const within = (value: unknown, min: number, max: number): boolean =>
  typeof value === 'number' && value >= min && value <= max;

export function integer(given: Bounded<number>): SettingDefinition<number> {
  return {
    sensitive: false,
    ...given,
    type: 'integer',
    rule: `must be a whole number from ${given.min} to ${given.max}`,
    accepts: (value) => Number.isInteger(value) && within(value, given.min, given.max),
  };
}

export function decimal(given: Bounded<number>): SettingDefinition<number> {
  return {
    sensitive: false,
    ...given,
    type: 'number',
    rule: `must be a number from ${given.min} to ${given.max}`,
    accepts: (value) => within(value, given.min, given.max),
  };
}

export function text(given: Bounded<string>): SettingDefinition<string> {
  return {
    sensitive: false,
    ...given,
    type: 'text',
    rule: `must be a text of ${given.min} to ${given.max} characters`,
    accepts: (value) =>
      typeof value === 'string' && within(value.length, given.min, given.max) && isStorableText(value),
  };
}

export function flag(given: Described<boolean>): SettingDefinition<boolean> {
  return {
    sensitive: false,
    ...given,
    type: 'boolean',
    min: null,
    max: null,
    rule: 'must be true or false',
    accepts: (value) => typeof value === 'boolean',
  };
}
