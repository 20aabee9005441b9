import { isInstalled, registeredDrivers } from '../../src/drivers';
import { codeOf, readDocument, sectionOf, tableRows } from './markdown-table';

const section = sectionOf(readDocument('README.md'), '## Engines');
const [installed, planned] = [true, false].map((wanted) =>
  registeredDrivers()
    .map(({ description }) => description)
    .filter((description) => isInstalled(description) === wanted),
);

describe('the engines of the README', () => {
  it('are those that have a driver', () => {
    const documented = tableRows(section).map((row) => ({
      label: row.engine,
      type: codeOf(row['`type`']),
      driver: codeOf(row.driver),
      port: row['default port'],
    }));
    expect(documented).toEqual(
      installed!.map(({ label, type, driverPackage, defaultPort }) => ({
        label,
        type,
        driver: driverPackage,
        port: String(defaultPort ?? 'none'),
      })),
    );
  });

  it('leave out none that is known by name only', () => {
    expect(planned!.length).toBeGreaterThan(0);
    for (const { label } of planned!) expect(section).toContain(label.replace(/ Database$/, ''));
  });
});
