/** Memory that the process of one session may have; SQLite's own bound covers single values only. */
export const maxResidentBytes = 768 * 1024 * 1024;

/** With this a process ends that has more: its default is to end the process, and nobody else sends it. */
export const memorySignal = 'SIGUSR2';
