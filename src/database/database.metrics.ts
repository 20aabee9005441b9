import { Injectable } from '@nestjs/common';
import { Metrics } from '../common/metrics';
import { GroupCommit } from './group-commit';

/** Figures of the group commit: whether the record keeps up with the runs. */
@Injectable()
export class DatabaseMetrics {
  constructor(metrics: Metrics, groupCommit: GroupCommit) {
    groupCommit.onCommit = (requests) => metrics.commitSize.observe(requests);
    metrics.gauge(
      'group_commit_waiting_requests',
      'Requests that wait for the next commit of the record',
      () => groupCommit.waitingRequests,
    );
  }
}
