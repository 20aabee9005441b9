type Row = Record<string, unknown>;
const find = (collection: string, filter: object, projection: object, more: object = {}): object => ({
  operation: 'find',
  collection,
  filter,
  projection,
  ...more,
});
const aggregate = (collection: string, ...pipeline: object[]): object => ({
  operation: 'aggregate',
  collection,
  pipeline,
});
const only = (member: string): object => ({ _id: 0, [member]: 1 });
const ids = (...found: number[]): Row[] => found.map((_id) => ({ _id }));
const one = 'zq***@example.com';

/** Operations of a viewer of the tenant `acme`, and what they answer, worked out by hand. */
export const honest: readonly (readonly [string, object, Row[]])[] = [
  ['documents of the tenant only', find('customers', {}, { _id: 1 }), ids(1, 2, 3)],
  ['an email', find('customers', { _id: 1 }, only('email')), [{ email: one }]],
  [
    'emails in an array, and what is none',
    find('customers', { _id: 2 }, only('email')),
    [{ email: [one, '***@x.org', null, '***', '***'] }],
  ],
  [
    'phone numbers, also those stored as numbers',
    find('customers', { _id: { $lt: 3 } }, only('phone')),
    [{ phone: '+41***1234' }, { phone: '555***1777' }],
  ],
  [
    'a card number, and none',
    find('customers', { _id: { $lt: 3 } }, only('card')),
    [{ card: '4111***9999' }, { card: null }],
  ],
  [
    'a name, and an empty one',
    find('customers', { _id: { $lt: 3 } }, only('name')),
    [{ name: 'Z***' }, { name: '***' }],
  ],
  [
    'a full mask of a text and of a document',
    find('customers', { _id: { $lt: 3 } }, only('notes')),
    [{ notes: '***' }, { notes: null }],
  ],
  ['nulls', find('customers', { _id: { $lt: 3 } }, only('salary')), [{ salary: null }, { salary: null }]],
  [
    'an expression, in which a variable is no path',
    find('customers', { _id: { $lt: 3 } }, only('level')),
    [{ level: '~Z:$ssn' }, { level: null }],
  ],
  [
    'nested members',
    find('customers', { _id: 1 }, only('profile')),
    [{ profile: { mother: 'Z***', likes: ['tea'], deep: { x: 1 } } }],
  ],
  [
    'members of documents in an array',
    find('customers', { _id: 2 }, only('profile')),
    [{ profile: [{ mother: 'Z***' }, 7] }],
  ],
  [
    'arrays in arrays, as deep as they are looked into',
    find('customers', { _id: 1 }, only('contacts')),
    [
      {
        contacts: [
          { kind: 'work', value: 'zq***@work.example' },
          { kind: 'none' },
          [{ value: 'zq***@work.example' }, null],
          'loose',
        ],
      },
    ],
  ],
  [
    'the order of members, without those that are denied or have dots in their names',
    aggregate(
      'customers',
      { $match: { _id: 1 } },
      { $project: { _id: 0, k: { $map: { input: { $objectToArray: '$$ROOT' }, in: '$$this.k' } } } },
    ),
    [
      {
        k: '_id tenant city age email phone card name notes salary level profile contacts'.split(' '),
      },
    ],
  ],
  [
    'what is missing stays missing',
    aggregate('customers', { $match: { _id: 3 } }, { $project: { contacts: 1, email: 1, profile: 1 } }),
    [{ _id: 3, contacts: { value: '***' } }],
  ],
  ['a count', { operation: 'count', collection: 'customers' }, [{ count: '3' }]],
  [
    'a count by filter',
    { operation: 'count', collection: 'customers', filter: { city: 'Bern' } },
    [{ count: '2' }],
  ],
  [
    'a count of nothing',
    { operation: 'countDocuments', collection: 'customers', filter: { tenant: 'other' } },
    [{ count: '0' }],
  ],
  [
    'a count with bounds',
    { operation: 'countDocuments', collection: 'customers', skip: 1, limit: { $numberInt: '1' } },
    [{ count: '1' }],
  ],
  [
    'an estimate under a filter',
    { operation: 'estimatedDocumentCount', collection: 'customers' },
    [{ count: '3' }],
  ],
  ['an estimate under masks', { operation: 'estimatedDocumentCount', collection: 'staff' }, [{ count: '2' }]],
  [
    'distinct values',
    { operation: 'distinct', collection: 'customers', field: 'city' },
    [{ city: 'Basel' }, { city: 'Bern' }],
  ],
  [
    'distinct masked values',
    { operation: 'distinct', collection: 'customers', field: 'email' },
    [{ email: null }, { email: '***' }, { email: '***@x.org' }, { email: one }],
  ],
  [
    'distinct values that are all null',
    { operation: 'distinct', collection: 'staff', field: 'pay' },
    [{ pay: null }],
  ],
  ['what is masked is found as it is shown', find('customers', { email: one }, { _id: 1 }), ids(1, 2)],
  ['not as it is stored', find('customers', { email: 'zqxmailone@example.com' }, { _id: 1 }), []],
  ['nor by a pattern', find('customers', { email: { $regex: '^zqx' } }, { _id: 1 }), []],
  ['nor by its size', find('customers', { salary: { $gt: 0 } }, { _id: 1 }), []],
  ['nor inside', find('customers', { 'profile.mother': { $regex: 'q' } }, { _id: 1 }), []],
  ['nor by a schema', find('customers', { $jsonSchema: { required: ['ssn'] } }, { _id: 1 }), []],
  ['nor by its type', find('customers', { salary: { $type: 'int' } }, { _id: 1 }), []],
  [
    'nor by an index that lacks documents',
    find('customers', {}, { _id: 1 }, { hint: 'by_ssn' }),
    ids(1, 2, 3),
  ],
  ['with an index of the caller', find('customers', {}, { _id: 1 }, { hint: { _id: 1 } }), ids(1, 2, 3)],
  ['backwards', find('customers', {}, { _id: 1 }, { sort: { $natural: -1 } }), ids(3, 2, 1)],
  [
    'sorted by what is masked',
    find('customers', {}, { _id: 1 }, { sort: { salary: 1, _id: -1 } }),
    ids(3, 2, 1),
  ],
  [
    'a page',
    find('customers', { age: { $gte: 30 } }, { _id: 1 }, { sort: { age: -1 }, skip: 1, limit: 1 }),
    ids(2),
  ],
  [
    'one document',
    { operation: 'findOne', collection: 'customers', projection: { _id: 1 }, sort: { _id: -1 } },
    ids(3),
  ],
  [
    'what would fail on a hidden document',
    find('ledger', { $expr: { $gt: [{ $divide: [1, '$n'] }, 0] } }, { _id: 1 }),
    ids(1, 4),
  ],
  [
    'the same behind other stages',
    aggregate(
      'ledger',
      { $sort: { _id: -1 } },
      { $set: { x: 1 } },
      { $match: { $expr: { $gt: [{ $divide: [1, '$n'] }, 0] } } },
      { $project: { _id: 1 } },
    ),
    ids(4, 1),
  ],
  ['a search', find('ledger', { $text: { $search: 'apple' } }, { _id: 1 }), ids(1)],
  [
    'a search with a condition, by its score',
    aggregate(
      'ledger',
      { $match: { $text: { $search: 'apple pear' }, n: { $gt: 1 } } },
      { $sort: { score: { $meta: 'textScore' } } },
      { $project: { _id: 1 } },
    ),
    ids(4),
  ],
  [
    'a filter on expressions over the own documents',
    aggregate('orders', { $group: { _id: null, total: { $sum: '$total' } } }),
    [{ _id: null, total: 12 }],
  ],
  [
    'joined documents',
    aggregate(
      'goods',
      { $match: { _id: 1 } },
      { $lookup: { from: 'customers', localField: '_id', foreignField: '_id', as: 'c' } },
      { $project: { m: '$c.email', s: '$c.ssn' } },
    ),
    [{ _id: 1, m: [one], s: [] }],
  ],
  [
    'joined by what is masked on both sides',
    aggregate(
      'customers',
      { $match: { _id: 1 } },
      { $lookup: { from: 'customers', localField: 'email', foreignField: 'email', as: 'x' } },
      { $project: { x: '$x._id' } },
    ),
    [{ _id: 1, x: [1, 2] }],
  ],
  [
    'not joined by what is stored',
    aggregate(
      'staff',
      { $match: { _id: 1 } },
      { $lookup: { from: 'customers', localField: 'mail', foreignField: 'email', as: 'x' } },
      { $project: { x: '$x._id' } },
    ),
    [{ _id: 1, x: [] }],
  ],
  [
    'joined with variables and a pipeline of the own',
    aggregate(
      'customers',
      { $match: { _id: { $lt: 3 } } },
      {
        $lookup: {
          from: 'orders',
          let: { local: '$_id', local1: 5 },
          pipeline: [
            { $match: { $expr: { $eq: ['$customer', '$$local'] } } },
            { $project: { total: 1, _id: 0 } },
          ],
          as: 'o',
        },
      },
      { $project: { o: 1 } },
    ),
    [
      { _id: 1, o: [{ total: 5 }] },
      { _id: 2, o: [{ total: 7 }] },
    ],
  ],
  [
    'joins in joins',
    aggregate(
      'orders',
      { $match: { _id: 10 } },
      {
        $lookup: {
          from: 'goods',
          as: 'g',
          pipeline: [
            { $match: { _id: 1 } },
            {
              $lookup: {
                from: 'orders',
                localField: '_id',
                foreignField: 'customer',
                as: 'o',
                pipeline: [{ $project: { total: 1 } }],
              },
            },
            { $project: { o: 1 } },
          ],
        },
      },
      { $project: { g: 1 } },
    ),
    [{ _id: 10, g: [{ _id: 1, o: [{ _id: 10, total: 5 }] }] }],
  ],
  ['a union', aggregate('goods', { $unionWith: 'customers' }, { $count: 'n' }), [{ n: 8 }]],
  [
    'a union with a pipeline',
    aggregate(
      'goods',
      { $match: { _id: 1 } },
      { $unionWith: { coll: 'customers', pipeline: [{ $match: { _id: 1 } }] } },
      { $project: { _id: 0, email: 1 } },
    ),
    [{}, { email: one }],
  ],
  [
    'facets',
    aggregate('customers', {
      $facet: {
        n: [{ $count: 'n' }],
        o: [
          { $lookup: { from: 'orders', as: 'o', pipeline: [] } },
          { $limit: 1 },
          { $project: { o: '$o._id' } },
        ],
      },
    }),
    [{ n: [{ n: 3 }], o: [{ _id: 1, o: [10, 11] }] }],
  ],
  ['a view, through which masks reach', find('residents', { _id: 1 }, only('mail')), [{ mail: one }]],
  ['a view on a view', { operation: 'count', collection: 'bernese' }, [{ count: '2' }]],
  [
    'a view that joins',
    aggregate('joined', { $match: { _id: 1 } }, { $project: { m: '$c.email' } }),
    [{ _id: 1, m: [one] }],
  ],
  [
    'a view in a join',
    aggregate(
      'goods',
      { $match: { _id: 1 } },
      { $lookup: { from: 'residents', localField: '_id', foreignField: '_id', as: 'r' } },
      { $project: { m: '$r.mail', t: '$r.tenant' } },
    ),
    [{ _id: 1, m: [one], t: ['acme'] }],
  ],
  [
    'a view with a policy of its own over masks',
    { operation: 'find', collection: 'payroll' },
    [{ _id: '1***', name: 'Al', pay: null, wage: null, secret: '***' }],
  ],
  ['a view without anything hidden', find('cheap', {}, { _id: 1 }), ids(1, 5)],
  [
    'groups of masked values',
    aggregate('customers', { $group: { _id: '$name', n: { $sum: 1 } } }, { $sort: { n: 1, _id: 1 } }),
    [
      { _id: null, n: 1 },
      { _id: '***', n: 1 },
      { _id: 'Z***', n: 1 },
    ],
  ],
  [
    'own members by the name of a denied one',
    aggregate(
      'customers',
      { $match: { _id: 1 } },
      { $set: { ssn: 'mine' } },
      { $match: { ssn: 'mine' } },
      { $project: { ssn: 1 } },
    ),
    [{ _id: 1, ssn: 'mine' }],
  ],
  [
    'leaving out what is denied anyway',
    aggregate('customers', { $match: { _id: 3 } }, { $unset: ['ssn', 'contacts'] }),
    [{ _id: 3, tenant: 'acme', city: 'Bern', age: 50 }],
  ],
  [
    'another collation where no policy compares text',
    find('staff', { name: 'al' }, { _id: 1 }, { collation: { locale: 'en', strength: 2 } }),
    ids(1),
  ],
  ['a sample', aggregate('customers', { $sample: { size: 10 } }, { $count: 'n' }), [{ n: 3 }]],
  [
    'windows',
    aggregate(
      'customers',
      {
        $setWindowFields: { sortBy: { _id: 1 }, output: { before: { $shift: { output: '$name', by: -1 } } } },
      },
      { $project: { before: 1 } },
    ),
    [
      { _id: 1, before: null },
      { _id: 2, before: 'Z***' },
      { _id: 3, before: '***' },
    ],
  ],
  ['no documents of a collection that is not there', find('absent', {}, {}), []],
];

const goods = (more: object): object => ({ operation: 'find', collection: 'goods', ...more });

/** Writes of the same viewer: what was changed, and how the collections look to someone without policies. */
export const writes: readonly (readonly [string, object, number, object, Row[]])[] = [
  [
    'updates what is seen only',
    { operation: 'updateMany', collection: 'ledger', filter: {}, update: { $set: { n: 9 } } },
    2,
    find('ledger', { n: 9 }, { _id: 1 }),
    ids(1, 4),
  ],
  [
    'does not update what is hidden',
    { operation: 'updateOne', collection: 'ledger', filter: { _id: 3 }, update: { $inc: { n: 1 } } },
    0,
    find('ledger', { _id: 3 }, { _id: 0, n: 1 }),
    [{ n: 0 }],
  ],
  [
    'updates by a pipeline',
    {
      operation: 'updateMany',
      collection: 'customers',
      filter: { city: 'Bern' },
      update: [{ $set: { older: { $add: ['$age', 1] } } }, { $unset: 'none' }],
    },
    2,
    find('customers', { older: { $exists: true } }, { older: 1 }, { sort: { _id: 1 } }),
    [
      { _id: 1, older: 31 },
      { _id: 3, older: 51 },
    ],
  ],
  [
    'counts whom a masked member was set for, whatever it was',
    {
      operation: 'updateMany',
      collection: 'customers',
      filter: { _id: { $lt: 3 } },
      update: { $set: { email: 'zqxmailone@example.com' } },
    },
    2,
    find('customers', { email: 'zqxmailone@example.com' }, { _id: 1 }),
    ids(1, 2),
  ],
  [
    'removes a masked member',
    { operation: 'updateOne', collection: 'staff', filter: { _id: 1 }, update: { $unset: { pay: '' } } },
    1,
    find('staff', { pay: { $exists: true } }, { _id: 1 }),
    ids(2),
  ],
  [
    'deletes what is seen only',
    { operation: 'deleteMany', collection: 'orders', filter: {} },
    2,
    find('orders', {}, { _id: 1 }),
    ids(12, 13),
  ],
  [
    'deletes one by a nested condition',
    {
      operation: 'deleteOne',
      collection: 'customers',
      filter: { $or: [{ city: 'Zug' }, { age: { $not: { $lt: 50 } } }] },
      hint: 'by_ssn',
    },
    1,
    find('customers', {}, { _id: 1 }, { sort: { _id: 1 } }),
    ids(1, 2, 4, 5),
  ],
  [
    'inserts what will be seen',
    { operation: 'insertOne', collection: 'ledger', document: { _id: 9, tenant: 'acme', open: true } },
    1,
    find('ledger', { _id: 9 }, { tenant: 1 }),
    [{ _id: 9, tenant: 'acme' }],
  ],
  [
    'inserts masked members',
    {
      operation: 'insertMany',
      collection: 'customers',
      documents: [{ _id: 8, tenant: 'acme', email: 'new@example.com', profile: { mother: 'x' } }],
    },
    1,
    find('customers', { _id: 8 }, only('email')),
    [{ email: 'new@example.com' }],
  ],
  [
    'replaces what is seen by what will be seen',
    {
      operation: 'replaceOne',
      collection: 'ledger',
      filter: { _id: { $gt: 1 } },
      document: { tenant: 'acme', open: true, r: 1 },
    },
    1,
    find('ledger', { r: 1 }, { _id: 1 }),
    ids(4),
  ],
  [
    'copies what is seen, without what is denied',
    aggregate('orders', { $out: 'copies' }),
    0,
    find('copies', {}, {}),
    [
      { _id: 10, tenant: 'acme', customer: 1, total: 5, next: 11 },
      { _id: 11, tenant: 'acme', customer: 2, total: 7, next: 12 },
    ],
  ],
  [
    'adds documents to a collection with masks',
    aggregate(
      'goods',
      { $match: { _id: 5 } },
      { $project: { name: 1 } },
      { $merge: { into: 'bounded', whenMatched: 'fail' } },
    ),
    0,
    find('bounded', { _id: 5 }, {}),
    [{ _id: 5, name: 'mate' }],
  ],
  [
    'changes a collection without a policy as before',
    {
      operation: 'updateMany',
      collection: 'goods',
      filter: { $expr: { $gt: ['$price', 4] } },
      update: { $mul: { price: 2 } },
    },
    1,
    find('goods', { price: 11 }, { _id: 1 }),
    ids(2),
  ],
];

/** Operations whose answer may not depend on being sent as a pipeline. */
export const transparent: readonly object[] = [
  goods({}),
  goods({ filter: {} }),
  goods({ filter: { price: 3 } }),
  goods({ filter: { price: null } }),
  goods({ filter: { tags: 'hot' } }),
  goods({ filter: { 'parts.n': 2 } }),
  goods({ filter: { 'parts.0.n': 2 } }),
  goods({ filter: { parts: { $elemMatch: { n: { $gt: 1 } } } } }),
  goods({ filter: { name: { $regex: '^t', $options: 'i' } } }),
  goods({ filter: { name: { $regex: '(e+)+$' } } }),
  goods({ filter: { $expr: { $gt: [{ $ifNull: ['$price', 0] }, 3] } } }),
  goods({ filter: { $or: [{ price: 3 }, { name: 'milk' }] } }),
  goods({ filter: { tags: { $size: 2 }, price: { $exists: true } } }),
  goods({ sort: { price: -1, _id: 1 } }),
  goods({ sort: { name: 1 } }),
  goods({ sort: { $natural: -1 } }),
  goods({ sort: {}, skip: 1, limit: 2 }),
  goods({ skip: { $numberLong: '1' }, limit: { $numberInt: '2' } }),
  goods({ limit: 0, skip: 0 }),
  goods({ projection: {} }),
  goods({ projection: { name: 1 } }),
  goods({ projection: { name: 1, _id: 0 } }),
  goods({ projection: { name: 0, tags: false } }),
  goods({ projection: { _id: 0 } }),
  goods({ projection: { 'parts.n': 1 } }),
  goods({ projection: { upper: { $toUpper: '$name' }, p: '$price' } }),
  goods({ projection: { tags: { $slice: 1 } } }),
  goods({ projection: { tags: { $slice: -1 }, name: 1 } }),
  goods({ projection: { tags: { $slice: [1, 1] }, parts: 0 } }),
  goods({ projection: { last: { $slice: ['$tags', -1] } }, filter: { _id: 1 } }),
  goods({ filter: { name: 'tea' }, collation: { locale: 'en', strength: 2 } }),
  goods({ sort: { name: 1 }, collation: { locale: 'en', strength: 1 }, projection: { name: 1 } }),
  goods({ hint: '_id_' }),
  goods({ hint: { _id: 1 } }),
  goods({ filter: { _id: { $in: [{ $numberInt: '1' }, { $numberDouble: '2.0' }] } } }),
  { operation: 'findOne', collection: 'goods', sort: { _id: -1 } },
  { operation: 'findOne', collection: 'goods', filter: { name: 'none' } },
  { operation: 'count', collection: 'goods' },
  { operation: 'count', collection: 'goods', filter: { price: { $gte: 3 } }, skip: 1 },
  { operation: 'countDocuments', collection: 'goods', filter: { price: 3 }, limit: 1 },
  { operation: 'countDocuments', collection: 'goods', filter: { price: 99 } },
  { operation: 'estimatedDocumentCount', collection: 'goods' },
  ...['tags', 'parts.n', 'at.x', '_id', 'nothing', 'parts'].map((field) => ({
    operation: 'distinct',
    collection: 'sales',
    field,
  })),
  { operation: 'distinct', collection: 'sales', field: 'good', filter: { n: { $gt: 1 } } },
  { operation: 'distinct', collection: 'sales', field: 'tags', collation: { locale: 'en', strength: 2 } },
  aggregate('goods', { $match: { price: 3 } }, { $group: { _id: '$name' } }, { $sort: { _id: 1 } }),
  aggregate('goods', { $unwind: '$tags' }, { $sortByCount: '$tags' }, { $sort: { count: -1, _id: 1 } }),
  aggregate(
    'goods',
    { $unwind: { path: '$parts', includeArrayIndex: 'i' } },
    { $project: { i: 1, parts: 1 } },
  ),
  aggregate('goods', { $lookup: { from: 'sales', localField: '_id', foreignField: 'good', as: 's' } }),
  aggregate('goods', { $lookup: { from: 'sales', localField: 'price', foreignField: 'good', as: 's' } }),
  aggregate('goods', { $lookup: { from: 'sales', localField: 'tags', foreignField: 'tags', as: 's' } }),
  aggregate('goods', { $lookup: { from: 'sales', localField: 'tags', foreignField: 'nosuch', as: 's' } }),
  aggregate('goods', { $lookup: { from: 'sales', pipeline: [{ $limit: 1 }], as: 's' } }),
  aggregate(
    'goods',
    { $lookup: { from: 'sales', localField: '_id', foreignField: 'good', as: 's' } },
    { $unwind: '$s' },
    { $match: { 's.n': { $gt: 1 } } },
  ),
  aggregate('goods', { $unionWith: 'sales' }, { $match: { _id: 1 } }, { $project: { name: 1, n: 1 } }),
  aggregate('goods', {
    $facet: { a: [{ $match: { price: 3 } }], b: [{ $unionWith: 'sales' }, { $count: 'n' }] },
  }),
  aggregate('goods', { $bucket: { groupBy: '$_id', boundaries: [0, 3, 9], output: { n: { $sum: 1 } } } }),
  aggregate('goods', { $replaceRoot: { newRoot: { $mergeObjects: [{ a: 1 }, '$$ROOT'] } } }, { $limit: 2 }),
  aggregate('goods', { $set: { 'at.y': 2, parts: { n: 5 } } }),
  aggregate('goods', { $project: { f: { $getField: 'name' }, o: { $objectToArray: '$$ROOT' } } }),
  aggregate('goods', { $redact: { $cond: [{ $eq: ['$name', 'tea'] }, '$$KEEP', '$$PRUNE'] } }),
  aggregate('goods', {
    $setWindowFields: {
      sortBy: { _id: 1 },
      output: { r: { $sum: '$price', window: { documents: ['unbounded', 'current'] } } },
    },
  }),
  aggregate(
    'goods',
    { $fill: { sortBy: { _id: 1 }, output: { price: { method: 'locf' } } } },
    { $project: { price: 1 } },
  ),
  aggregate('goods', { $densify: { field: '_id', range: { step: 1, bounds: [6, 8] } } }, { $count: 'n' }),
  aggregate('places', {
    $geoNear: {
      near: { type: 'Point', coordinates: [7, 47] },
      key: 'at',
      distanceField: 'd',
      query: { name: 'Bern' },
    },
  }),
  {
    operation: 'find',
    collection: 'places',
    filter: { at: { $geoWithin: { $centerSphere: [[7, 47], 0.01] } } },
  },
  { operation: 'find', collection: 'cheap' },
  { operation: 'distinct', collection: 'cheap', field: 'name' },
];
