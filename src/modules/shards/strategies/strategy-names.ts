export const strategyNames = ['directory', 'hash', 'region'] as const;
export type StrategyName = (typeof strategyNames)[number];
