import { Injectable } from '@nestjs/common';
import { InjectDataSource } from '@nestjs/typeorm';
import type { DataSource } from 'typeorm';
import { CacheService } from '../../cache/cache.service';
import type { ObjectTable } from '../../cache/object-table';
import { AppError } from '../../common/app-error';
import type { Caller } from '../../common/principal';
import { SignalBus } from '../../database/signal-bus';
import { byCaller } from '../audit/audit-event';
import { AuditService } from '../audit/audit.service';
import type { SettingDefinition } from './setting-definition';
import {
  isSettingKey,
  settingDefinitions,
  settingKeys,
  type SettingKey,
  type SettingValue,
} from './setting-definitions';
import { Setting } from './setting.entity';
import { presentSetting, type SettingView, type StoredSetting } from './setting.view';

const SIGNAL = 'setting';
/** They are read together, so they are one entry. */
const ALL = 'all';

type Stored = ReadonlyMap<string, StoredSetting>;

/** Settings that administrators change while the service runs; a change holds on every replica at once. */
@Injectable()
export class SettingsService {
  /** Promises: whoever comes while they are being read waits for the same. */
  private readonly cache: ObjectTable<Promise<Stored>>;

  constructor(
    @InjectDataSource() private readonly dataSource: DataSource,
    private readonly bus: SignalBus,
    private readonly audit: AuditService,
    cache: CacheService,
  ) {
    this.cache = cache.objects('settings', { max: 1 });
    const forget = (): void => this.cache.clear();
    bus.on(SIGNAL, forget);
    bus.onGap(forget);
  }

  /** The value that holds now; from memory while signals keep it true, else from the database. */
  async get<K extends SettingKey>(key: K): Promise<SettingValue<K>> {
    const definition: SettingDefinition = settingDefinitions[key];
    const value = (await this.stored()).get(key)?.value;
    return (definition.accepts(value) ? value : definition.default) as SettingValue<K>;
  }

  async list(): Promise<SettingView[]> {
    const stored = await this.stored();
    return settingKeys.map((key) => presentSetting(key, settingDefinitions[key], stored.get(key) ?? null));
  }

  /** @throws AppError `setting.unknown` */
  async find(key: string): Promise<SettingView> {
    const known = requireKey(key);
    return presentSetting(known, settingDefinitions[known], (await this.stored()).get(known) ?? null);
  }

  /**
   * Change, record and signal are one transaction.
   * @throws AppError `setting.unknown`, `setting.invalid` without repeating the value
   */
  async change(caller: Caller, key: string, value: unknown): Promise<SettingView> {
    const known = requireKey(key);
    const definition: SettingDefinition = settingDefinitions[known];
    if (!definition.accepts(value)) {
      throw new AppError('setting.invalid', `The value ${definition.rule}`, {
        errors: [{ path: '/value', message: definition.rule }],
      });
    }
    return this.bus.transaction(async (manager) => {
      const before = await manager.findOne(Setting, {
        where: { key: known },
        lock: { mode: 'pessimistic_write' },
      });
      const rows: StoredSetting[] = await manager.query(
        `INSERT INTO system_settings (key, value, description, category, is_sensitive, updated_by)
         VALUES ($1, $2::jsonb, $3, $4, $5, $6)
         ON CONFLICT (key) DO UPDATE SET value = excluded.value, updated_by = excluded.updated_by, updated_at = now()
         RETURNING value, updated_at AS "updatedAt", updated_by AS "updatedBy"`,
        [
          known,
          JSON.stringify(value),
          definition.description,
          definition.category,
          definition.sensitive,
          caller.principal.userId,
        ],
      );
      await this.audit.recordIn(manager, {
        action: 'setting.update',
        resourceType: 'setting',
        resourceId: known,
        result: 'success',
        details: definition.sensitive ? {} : { from: before?.value ?? definition.default, to: value },
        ...byCaller(caller),
      });
      await this.bus.publish(manager, SIGNAL, known);
      return presentSetting(known, definition, rows[0] ?? null);
    });
  }

  private stored(): Promise<Stored> {
    if (!this.bus.isLive) return this.load();
    const known = this.cache.get(ALL);
    if (known) return known;
    const loading = this.load();
    this.cache.set(ALL, loading);
    // If it is a later one that goes, it is read once more.
    loading.catch(() => this.cache.delete(ALL));
    return loading;
  }

  private async load(): Promise<Stored> {
    const rows = await this.dataSource.getRepository(Setting).find();
    return new Map(rows.map((row) => [row.key, row]));
  }
}

function requireKey(key: string): SettingKey {
  if (isSettingKey(key)) return key;
  throw new AppError('setting.unknown');
}
