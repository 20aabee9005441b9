import { directory } from './directory';
import { hash } from './hash';
import { region } from './region';
import type { Strategy } from './strategy';
import type { StrategyName } from './strategy-names';

export const strategies: Readonly<Record<StrategyName, Strategy>> = { directory, hash, region };
