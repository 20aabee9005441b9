import { judgeGrants } from './judge-grants';

const codesOf = (...lines: string[]): string[] =>
  judgeGrants(lines, "'u'@'%'").account.map(({ code }) => code);

describe('judging an account by SHOW GRANTS', () => {
  it('finds nothing in an account that reads', () => {
    expect(
      codesOf(
        "GRANT USAGE ON *.* TO `u`@`%` IDENTIFIED BY PASSWORD '*B69027D44F6E5EDC07F1AEAD1477967B16F28227'",
        'GRANT SELECT, SHOW VIEW ON `shop`.* TO `u`@`%`',
        'GRANT SELECT (`id`, `na)me`) ON `shop`.`t` TO `u`@`%`',
      ),
    ).toEqual([]);
  });

  it('names each power with what it is on, and how to take it away', () => {
    const lines = [
      'GRANT SELECT, UPDATE (`n`), DELETE ON `shop`.`kept` TO `u`@`%`',
      'GRANT SELECT, FILE, RELOAD ON *.* TO `u`@`%` WITH GRANT OPTION',
      'GRANT EXECUTE ON PROCEDURE `shop`.`p` TO `u`@`%`',
      'GRANT INSERT ON `shop`.`open` TO PUBLIC',
    ];
    const { account, remedies } = judgeGrants(lines, "'u'@'%'");
    expect(account).toEqual([
      {
        code: 'write_tables',
        detail: 'It has UPDATE on `shop`.`kept`, DELETE on `shop`.`kept`, INSERT on `shop`.`open`.',
      },
      { code: 'server_files', detail: 'It has FILE on *.*.' },
      { code: 'administer_server', detail: 'It has RELOAD on *.*.' },
      { code: 'govern_accounts', detail: 'It has GRANT OPTION on *.*.' },
      { code: 'definer_programs', detail: 'It has EXECUTE on PROCEDURE `shop`.`p`.' },
    ]);
    expect(remedies).toEqual([
      "REVOKE UPDATE, DELETE ON `shop`.`kept` FROM 'u'@'%';",
      "REVOKE FILE, RELOAD, GRANT OPTION ON *.* FROM 'u'@'%';",
      "REVOKE EXECUTE ON PROCEDURE `shop`.`p` FROM 'u'@'%';",
      'REVOKE INSERT ON `shop`.`open` FROM PUBLIC;',
    ]);
  });

  it('counts roles, unknown privileges and lines it does not understand against the account', () => {
    expect(codesOf('GRANT `writers` TO `u`@`%`')).toEqual(['unknown_rights']);
    expect(codesOf('GRANT `writers`@`%` TO `u`@`%`')).toEqual(['unknown_rights']);
    expect(codesOf('GRANT SOMETHING_NEW_ADMIN ON *.* TO `u`@`%`')).toEqual(['administer_server']);
    expect(codesOf("GRANT PROXY ON ''@'%' TO 'u'@'%' WITH GRANT OPTION")).toEqual([
      'superuser',
      'govern_accounts',
    ]);
    expect(codesOf('something else')).toEqual(['unknown_rights']);
    expect(codesOf('GRANT ALL PRIVILEGES ON `shop`.* TO `u`@`%`')).toEqual(['superuser']);
  });

  it('tells no password hash', () => {
    const line =
      "GRANT FILE ON *.* TO `u`@`%` IDENTIFIED BY PASSWORD '*B69027D44F6E5EDC07F1AEAD1477967B16F28227'";
    expect(JSON.stringify(judgeGrants([line], 'a'))).not.toContain('B69027');
  });
});
