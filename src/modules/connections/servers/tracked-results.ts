import type { CallResults } from '../../../drivers/procedure';

/** The same results; `onClose` is called once, when they are let go. */
export function trackedResults(results: CallResults, onClose: () => void): CallResults {
  let open = true;
  return {
    procedure: results.procedure,
    get out() {
      return results.out;
    },
    get affectedRows() {
      return results.affectedRows;
    },
    next: () => results.next(),
    async [Symbol.asyncDispose]() {
      try {
        await results[Symbol.asyncDispose]();
      } finally {
        if (open) onClose();
        open = false;
      }
    },
  };
}
