/** Of at least eight characters, from the top of published lists of leaked passwords; compared in lower case. */
export const commonPasswords: ReadonlySet<string> = new Set(
  `12345678 123456789 1234567890 12345678910 0123456789 987654321 9876543210 87654321 11111111 111111111 00000000
  000000000 22222222 33333333 55555555 66666666 77777777 88888888 99999999 12341234 11223344 1122334455 123123123
  12121212 123321123 147258369 147852369 159753159 102030405060 1q2w3e4r 1q2w3e4r5t 1qaz2wsx 1qazxsw2 q1w2e3r4
  q1w2e3r4t5 qwertyui qwertyuiop qwerty12 qwerty123 qwerty1234 qwerty12345 asdfghjk asdfghjkl asdf1234 zxcvbnm1
  zaq12wsx password password1 password12 password123 password1234 password! passw0rd p@ssw0rd p@ssword pa$$word
  pass1234 passpass letmein1 letmein123 welcome1 welcome123 changeme changeme1 changeme123 iloveyou iloveyou1
  sunshine sunshine1 princess princess1 football football1 baseball baseball1 basketball superman batman123
  starwars trustno1 whatever computer internet michelle jennifer jordan23 michael1 charlie1 jessica1 ashley12
  liverpool chelsea1 arsenal1 samsung1 pokemon1 naruto123 dragon123 monkey123 shadow123 master123 freedom1
  abcd1234 abc12345 abcd12345 abcdefgh abcdefg1 a1b2c3d4 aaaaaaaa a1234567 a12345678 aa123456 aa12345678 test1234
  testtest test12345 testing1 testing123 secret123 administrator admin123 admin1234 admin12345 adminadmin root1234
  rootroot toortoor default1 guest1234 database postgres mysql123 mongodb1 redis123`
    .split(/\s+/)
    .filter(Boolean),
);
