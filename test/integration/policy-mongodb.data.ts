import type { mongo } from 'mongoose';

/** Texts that only protected members and hidden documents hold. */
export const canaries = [
  'zqxmailone',
  'zqxmailtwo',
  '5550101777',
  '411177778888',
  'Zqxanna',
  'zqxnote',
  '7770001',
  'Zqxlevel',
  'zqxssn1',
  'zqxssn2',
  'Zqxmother',
  'zqxcontact',
  'zqxnested',
  'zqxdotted',
  'zqxhidden',
  'zqxorder',
  '8880002',
  '9990003',
];

/** Fresh documents: inserting gives them identifiers. */
export const documents = (): Readonly<Record<string, mongo.Document[]>> => ({
  customers: [
    {
      _id: 1,
      tenant: 'acme',
      city: 'Bern',
      age: 30,
      email: 'zqxmailone@example.com',
      phone: '+4155501017771234',
      card: '4111777788889999',
      name: 'Zqxanna',
      notes: 'zqxnote one',
      salary: 7_770_001,
      level: 'Zqxlevel',
      ssn: 'zqxssn1',
      profile: {
        ssn: 'zqxssn1',
        mother: 'Zqxmother',
        likes: ['tea'],
        deep: { pin: 'zqxssn1', x: 1 },
        'deep.pin': 'zqxdotted',
      },
      contacts: [
        { kind: 'work', value: 'zqxcontact@work.example' },
        { kind: 'none' },
        [{ value: 'zqxnested@work.example' }, [[[{ value: 'zqxnested' }]]]],
        'loose',
      ],
      'profile.ssn': 'zqxdotted',
      'profile.deep': { pin: 'zqxdotted' },
      'contacts.value': 'zqxdotted',
    },
    {
      _id: 2,
      tenant: 'acme',
      city: 'Basel',
      age: 40,
      email: ['zqxmailtwo@example.com', 'b@x.org', null, 5, { a: 'zqxnested' }],
      phone: 5_550_101_777,
      card: null,
      name: '',
      notes: { deep: 'zqxnote' },
      salary: 1,
      level: null,
      ssn: 'zqxssn2',
      profile: [{ ssn: 'zqxssn2', mother: 'Zqxmother' }, 7],
      contacts: null,
    },
    { _id: 3, tenant: 'acme', city: 'Bern', age: 50, contacts: { value: 'zqxcontact' } },
    {
      _id: 4,
      tenant: 'other',
      city: 'Zug',
      age: 9_990_003,
      email: 'zqxhidden@example.com',
      name: 'zqxhidden',
      notes: 'zqxhidden',
      ssn: 'zqxhidden',
      profile: { likes: ['zqxhidden'] },
    },
    { _id: 5, tenant: 'ACME', city: 'zqxhidden', age: 9_990_003 },
  ],
  orders: [
    { _id: 10, tenant: 'acme', customer: 1, total: 5, secret: 'zqxorder', next: 11 },
    { _id: 11, tenant: 'acme', customer: 2, total: 7, secret: 'zqxorder', next: 12 },
    { _id: 12, tenant: 'other', customer: 1, total: 8_880_002, secret: 'zqxorder', note: 'zqxhidden' },
    { _id: 13, tenant: 'other', customer: 4, total: 8_880_002, mail: 'zqxhidden@example.com' },
  ],
  staff: [
    { _id: 1, name: 'Al', pay: 9_990_003, mail: 'zqxmailone@example.com' },
    { _id: 2, name: 'Bo', pay: 8_880_002 },
  ],
  ledger: [
    { _id: 1, tenant: 'acme', open: true, text: 'red apple', n: 1 },
    { _id: 2, tenant: 'acme', open: false, text: 'zqxhidden apple', n: 2 },
    { _id: 3, tenant: 'other', open: true, text: 'zqxhidden apple', n: 0 },
    { _id: 4, tenant: 'acme', open: true, text: 'green pear', n: 4 },
  ],
  goods: [
    { _id: 1, name: 'tea', price: 3, tags: ['hot', 'leaf'], parts: [{ n: 1 }, { n: 2 }], at: { x: 1 } },
    { _id: 2, name: 'coffee', price: 5.5, tags: [], parts: [{ n: 2 }, {}], at: { x: null } },
    { _id: 3, name: 'Tea', price: null, tags: 'hot', at: [{ x: 1 }, { x: 2 }] },
    { _id: 4, name: 'milk', tags: [['cold'], 'white'] },
    { _id: 5, name: 'mate', price: 3, tags: null, parts: { n: 9 } },
  ],
  sales: [
    { _id: 1, good: 1, n: 2, tags: ['hot'] },
    { _id: 2, good: 2, n: 1 },
    { _id: 3, good: null, n: 4 },
    { _id: 4, n: 3, tags: 'leaf' },
  ],
  places: [
    { _id: 1, at: { type: 'Point', coordinates: [7.4, 46.9] }, name: 'Bern' },
    { _id: 2, at: { type: 'Point', coordinates: [8.5, 47.4] }, name: 'Zürich' },
  ],
  bounded: [{ _id: 1, mail: 'zqxmailone' }],
  copies: [{ _id: 1 }],
});

export const views: Readonly<Record<string, mongo.CreateCollectionOptions>> = {
  residents: {
    viewOn: 'customers',
    pipeline: [{ $project: { mail: '$email', city: 1, ssn: 1, tenant: 1, age: 1 } }],
  },
  bernese: { viewOn: 'residents', pipeline: [{ $match: { city: 'Bern' } }, { $unset: 'age' }] },
  joined: {
    viewOn: 'goods',
    pipeline: [{ $lookup: { from: 'customers', localField: '_id', foreignField: '_id', as: 'c' } }],
  },
  payroll: { viewOn: 'staff', pipeline: [{ $set: { wage: '$pay', secret: '$mail' } }] },
  cheap: { viewOn: 'goods', pipeline: [{ $match: { price: { $lt: 4 } } }] },
  folded: {
    viewOn: 'customers',
    pipeline: [{ $match: { tenant: 'ACME' } }],
    collation: { locale: 'en', strength: 2 },
  },
};

/** Changes of what is hidden only, of which no answer may tell: the masks show the same before and after. */
export const hiddenChanges: readonly (readonly [string, object, object[]])[] = [
  [
    'customers',
    { _id: 1 },
    [
      {
        $set: {
          email: 'zqy@example.com',
          phone: '+41000001234',
          card: '411100009999',
          name: 'Zo',
          notes: 'other',
          salary: 'many',
          level: 'Z',
          ssn: { a: 1 },
          profile: { ssn: 0, mother: 'Zo', likes: ['tea'], deep: { pin: [1], x: 1 } },
          contacts: [
            { kind: 'work', value: 'zqy@work.example' },
            { kind: 'none' },
            [{ value: 'zqyy@work.example' }, []],
            'loose',
          ],
        },
      },
      { $replaceWith: { $setField: { field: { $literal: 'profile.ssn' }, input: '$$ROOT', value: [0] } } },
    ],
  ],
  [
    'customers',
    { _id: 2 },
    [
      {
        $set: {
          email: ['zqz@example.com', 'c@x.org', null, 7, [1]],
          phone: '5550001777',
          notes: [1, 2],
          salary: { $literal: { a: 1 } },
          ssn: '$$REMOVE',
          profile: [{ mother: 'Zz' }, 7],
        },
      },
    ],
  ],
  ['customers', { _id: 3 }, [{ $set: { contacts: { value: 0 }, ssn: 'new' } }]],
  [
    'customers',
    { tenant: { $ne: 'acme' } },
    [{ $set: { tenant: 'else', city: 5, age: 'text', email: 0, profile: '$$REMOVE', name: ['x'], x: 1 } }],
  ],
  ['orders', {}, [{ $set: { secret: 0 } }]],
  ['orders', { tenant: 'other' }, [{ $set: { total: 'text', customer: 2, note: 0, x: 'text' } }]],
  ['staff', {}, [{ $set: { pay: 'text' } }]],
  ['staff', { _id: 1 }, [{ $set: { mail: 'text' } }]],
  [
    'ledger',
    { $or: [{ tenant: 'other' }, { open: false }] },
    [{ $set: { n: 'text', text: 'pear', open: 0 } }],
  ],
];
