import { Injectable } from '@nestjs/common';
import { Jobs } from '../jobs/jobs.service';
import { SavedResultsService } from './saved-results.service';

/** Deletes kept results whose time is over. */
@Injectable()
export class SavedResultsJob {
  constructor(results: SavedResultsService, jobs: Jobs) {
    jobs.register({
      name: 'saved_results',
      description: 'Deletes saved results past saved_result_days',
      everySeconds: 86_400,
      run: async () => ({ deleted: await results.deleteExpired() }),
    });
  }
}
