import { setTimeout as sleep } from 'node:timers/promises';
import { Injectable, Logger } from '@nestjs/common';
import { isAppError } from '../../common/app-error';
import { GroupCommit } from '../../database/group-commit';
import { SignalBus } from '../../database/signal-bus';
import { authSignals } from '../auth/auth-signals';
import { SessionService } from '../auth/session.service';
import { ConnectionAccess } from '../connections/connection-access';
import { CONNECTION_TOPIC } from '../connections/connection-directory';
import { permissionKey, PERMISSION_TOPIC } from '../permissions/permissions.service';
import type { Run } from './run';
import { RunningQueries } from './running-queries';
import { StatementGate } from './statement-gate';

/** A signal may be heard between the check in a run's commit and its registration; that takes no longer, in milliseconds. */
const REMEMBERED_MS = 60_000;
const ATTEMPTS = 4;
const RETRY_MS = 500;

/**
 * Stops what runs on a permission that is no more. Whoever changes a permission, a user, a session, a connection or its policies
 * signals it; what runs under it is then decided once more, on what holds now. What cannot be told is stopped.
 */
@Injectable()
export class RevokedRuns {
  private readonly logger = new Logger(RevokedRuns.name);
  /** When each topic and key was last heard of, on the clock of `performance.now()`; the oldest first. */
  private readonly heard = new Map<string, number>();

  constructor(
    private readonly running: RunningQueries,
    private readonly access: ConnectionAccess,
    private readonly gate: StatementGate,
    private readonly sessions: SessionService,
    private readonly groupCommit: GroupCommit,
    signals: SignalBus,
  ) {
    for (const topic of [PERMISSION_TOPIC, CONNECTION_TOPIC, ...Object.values(authSignals)]) {
      signals.on(topic, (key) => this.changed(`${topic} ${key}`));
    }
    signals.onGap(() => {
      for (const { run } of this.running.list(null)) void this.review(run);
    });
    running.onStart = (run) => {
      // What was changed before the run's commit has kept it from being committed.
      const changed = (subject: string): boolean => (this.heard.get(subject) ?? -Infinity) >= run.decidedAt;
      if (subjectsOf(run).some(changed)) void this.review(run);
    };
  }

  private changed(subject: string): void {
    const now = performance.now();
    this.heard.delete(subject);
    this.heard.set(subject, now);
    for (const [known, at] of this.heard) {
      if (now - at < REMEMBERED_MS) break;
      this.heard.delete(known);
    }
    for (const { run } of this.running.list(null)) {
      if (subjectsOf(run).includes(subject)) void this.review(run);
    }
  }

  private async review(run: Run): Promise<void> {
    for (let attempt = 1; attempt <= ATTEMPTS; attempt++) {
      try {
        if (!(await this.isPermitted(run))) this.running.find(run.id)?.stop('revoked');
        return;
      } catch (error) {
        this.logger.warn(
          { err: error, queryId: run.id },
          'whether a run is still permitted could not be told',
        );
        if (attempt === ATTEMPTS) this.running.find(run.id)?.stop('revoked');
        else await sleep(RETRY_MS, undefined, { ref: false });
      }
    }
  }

  /** @throws what kept it from being told */
  private async isPermitted(run: Run): Promise<boolean> {
    const {
      caller: { principal },
      connection,
      text,
      values,
    } = run;
    try {
      const now = await this.access.require(principal, connection.id, true);
      const wish = { text, params: values, ...(run.call && { call: run.call.wish }) };
      const judgement = await this.gate.judge(principal, now, wish);
      // A call that writes may since have been listed as one that does not.
      if (run.call && run.facts.access === 'write' && judgement.facts.access === 'read') return false;
      // Under other policies other text is other data. Under the same ones the catalog has changed, which the driver checks.
      const { policies, plan } = judgement;
      if (policies.key !== run.policies.key && plan.text !== run.plan.text) return false;
      await this.groupCommit.write([], [this.sessions.aliveCheck(principal)]);
      return true;
    } catch (error) {
      if (!isAppError(error) || error.code === 'audit.unavailable') throw error;
      return false;
    }
  }
}

/** What a run's permission hangs on, as topic and key of signals. */
function subjectsOf({ caller: { principal }, connection }: Run): string[] {
  const { userId, sessionId, apiKeyId } = principal;
  return [
    `${PERMISSION_TOPIC} ${permissionKey(userId, connection.id)}`,
    `${CONNECTION_TOPIC} ${connection.id}`,
    `${authSignals.user} ${userId}`,
    ...(sessionId === undefined ? [] : [`${authSignals.session} ${sessionId}`]),
    ...(apiKeyId === undefined ? [] : [`${authSignals.apiKey} ${apiKeyId}`]),
  ];
}
