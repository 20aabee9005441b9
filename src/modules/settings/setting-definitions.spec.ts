import { readFileSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { MIGRATIONS_DIR } from '../../database/migrations';
import { flag, integer, text } from './setting-definition';
import { isSettingKey, settingDefinitions, settingKeys } from './setting-definitions';
import { presentSetting } from './setting.view';

describe('setting definitions', () => {
  it('have the defaults, texts and categories that the migrations write', () => {
    const sql = readdirSync(MIGRATIONS_DIR)
      .filter((file) => file.endsWith('.up.sql'))
      .map((file) => readFileSync(join(MIGRATIONS_DIR, file), 'utf8'))
      .join('\n');
    for (const key of settingKeys) {
      const { default: value, description, category } = settingDefinitions[key];
      const [, written] =
        new RegExp(`\\('${key}', '([^']*)', '${description}', '${category}'\\)`).exec(sql) ?? [];
      expect([key, JSON.parse(written ?? 'null')]).toEqual([key, value]);
    }
  });

  it('accept their own defaults', () => {
    const refused = settingKeys.filter(
      (key) => !settingDefinitions[key].accepts(settingDefinitions[key].default),
    );
    expect(refused).toEqual([]);
  });

  it.each([
    ['a text for a number', settingDefinitions.max_query_rows, '10'],
    ['a fraction for a whole number', settingDefinitions.max_query_rows, 1.5],
    ['less than the least', settingDefinitions.max_query_rows, 0],
    ['more than the most', settingDefinitions.openai_temperature, 2.1],
    ['no number', settingDefinitions.openai_temperature, Number.NaN],
    ['an empty text', settingDefinitions.openai_model, ''],
    ['a NUL byte', settingDefinitions.openai_model, 'a\0b'],
    ['an object', settingDefinitions.openai_model, {}],
    ['a number for a flag', flag({ default: true, description: '', category: 'x' }), 1],
  ])('refuse %s', (_, definition, value) => {
    expect(definition.accepts(value)).toBe(false);
  });

  it('know nothing that every object has', () => {
    expect(['constructor', '__proto__', 'toString'].filter(isSettingKey)).toEqual([]);
  });

  it('never show a sensitive value', () => {
    const secret = text({ default: '', min: 0, max: 10, description: '', category: 'x', sensitive: true });
    const shown = presentSetting('k', secret, { value: 'canary', updatedAt: new Date(0), updatedBy: null });
    expect(JSON.stringify(shown)).not.toContain('canary');
    const open = integer({ default: 1, min: 0, max: 9, description: '', category: 'x' });
    expect(presentSetting('k', open, null).value).toBe(1);
  });
});
