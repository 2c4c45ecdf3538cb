'use strict'
// Makes the vectors of this folder with the packages that ssb-server 16 installs:
//   npm install map-filter-reduce@3.2.2 flumeview-query@8.0.0 flumeview-links@1.0.1 ssb-query@2.4.5 ssb-links@3.0.10 ssb-backlinks@2.1.1 pull-stream@3
//   NODE_PATH=.../node_modules node generate.js SEED COUNT FOLDER
// Same seed, same vectors. What throws in JavaScript has `error` instead of `out`.
const fs = require('fs')
const path = require('path')
const pull = require('pull-stream')
const { mulberry } = require('./random')
const say = console.log
console.log = () => {} // compare-at-paths and isRange of map-filter-reduce print what they compare

const [seed = '1', count = '300', folder = __dirname] = process.argv.slice(2)
const deps = path.join(require.resolve('flumeview-query/package.json'), '..')
const from = (name) => require(require.resolve(name, { paths: [deps] }))
const mfr = from('map-filter-reduce')
const random = mulberry(Number(seed))
const { pick, chance, below, many } = random

const NAMES = ['a', 'b', 'c', 'sync', 'length', '0', '1']
const WORDS = ['', 'a', 'b', 'ab', 'abc', 'b!', '"', '10', ' 7 ', '0x10', '\u00e9', '\ud83d\ude00', '\uffff', 'undefined']
const NUMBERS = [0, 1, 2, -1, 10, 1.5, -0.25, 1e21, 9007199254740993, 1e-7]

const basic = () => pick([() => pick(WORDS), () => pick(NUMBERS), () => chance(0.5), () => null])()
const value = (depth) => {
  if (depth < 1 || chance(0.5)) return basic()
  if (chance(0.4)) return many(4, () => value(depth - 1))
  return object(depth)
}
const object = (depth) => {
  const made = {}
  for (const name of many(4, () => pick(NAMES))) if (name !== 'sync' || chance(0.1)) made[name] = value(depth - 1)
  return made
}
const key = () => pick([() => pick(NAMES), () => below(3), () => -1 - below(2)])()
const keyPath = () => many(3, key)

const test = () => {
  const made = {}
  for (let n = 1 + (chance(0.3) ? 1 : 0); n > 0; n--) {
    const name = pick(['$lt', '$gt', '$lte', '$gte', '$eq', '$ne', '$not', '$truthy', '$prefix', '$is', '$in', '$type', '$int', '$mod', '$get'])
    made[name] = {
      $is: () => pick(['string', 'number', 'object', 'boolean', 'undefined', 'array']),
      $in: () => pick([() => many(4, basic), () => pick(WORDS)])(),
      $prefix: () => pick([() => pick(WORDS), () => many(2, basic), () => pick(NUMBERS), () => true])(),
      $mod: () => pick(NUMBERS),
      $get: () => pick([keyPath, () => pick(NAMES), () => true])()
    }[name]
    made[name] = made[name] ? made[name]() : chance(0.9) ? basic() : value(1)
  }
  return made
}
const filter = (depth) => {
  if (depth < 1 || chance(0.3)) return chance(0.5) ? test() : basic()
  if (chance(0.1)) return many(3, () => filter(depth - 1))
  const made = {}
  for (let n = chance(0.6) ? 1 : 2; n > 0; n--) made[pick(NAMES)] = filter(depth - 1)
  return made
}
const rule = (depth) => pick([key, keyPath, () => true, test, () => depth > 0 ? map(depth - 1) : 'a', basic])()
const map = (depth) => {
  if (chance(0.4)) return rule(depth)
  const made = {}
  for (let n = 1 + below(3); n > 0; n--) made[pick(NAMES)] = rule(depth)
  return made
}
const reduce = (depth) => {
  if (chance(0.3)) return { [pick(['$count', '$sum', '$product', '$max', '$min', '$collect'])]: rule(0) }
  const made = {}
  for (let n = 1 + below(3); n > 0; n--) {
    made[pick(NAMES)] = pick([keyPath, key, () => depth > 0 ? reduce(depth - 1) : { $count: true }])()
  }
  return made
}
const sort = () => many(3, () => chance(0.2) ? { $reverse: keyPath() } : chance(0.2) ? pick(NAMES) : keyPath())
const stage = () => pick([
  () => ({ $filter: filter(2) }), () => ({ $filter: filter(2) }), () => ({ $map: map(1) }), () => ({ $map: map(1) }),
  () => ({ $reduce: reduce(1) }), () => ({ $sort: sort() }), () => null, () => ({ $filter: { $filter: filter(1) } })
])()

function run (query, items) {
  let result
  try {
    pull(pull.values(JSON.parse(JSON.stringify(items))), mfr(JSON.parse(JSON.stringify(query))), pull.collect((err, out) => {
      result = err ? { error: String(err.message || err) } : { out: JSON.parse(JSON.stringify(out)) }
    }))
  } catch (err) {
    result = { error: String(err.message) }
  }
  return result || { error: 'no answer' }
}

function language () {
  const cases = []
  for (let n = 0; n < Number(count); n++) {
    const items = many(8, () => chance(0.9) ? object(3) : basic()).filter((item) => item != null)
    const query = many(4, stage)
    if (!query.some(Boolean)) query.push({ $filter: filter(2) })
    cases.push({ query, items, ...run(query, items) })
  }
  return cases
}

function write (name, about, cases) {
  const versions = { node: process.version, 'map-filter-reduce': from('map-filter-reduce/package.json').version }
  const lines = cases.map((one) => JSON.stringify(one)).join(',\n')
  const head = JSON.stringify({ about, seed, versions }).slice(0, -1)
  fs.writeFileSync(path.join(folder, name), head + ',"cases":[\n' + lines + '\n]}\n')
  say(name, cases.length, 'cases,', cases.filter((c) => 'error' in c).length, 'errors')
}

// ---- the choice of an index

const select = { query: from('flumeview-query/explain'), links: links('select') }
function links (name) { return require(path.join(require.resolve('flumeview-links/package.json'), '..', name)) }
const linkQuery = links('query')
const INDEXES = {
  query: [
    { key: 'log', value: ['timestamp'] },
    { key: 'clk', value: [['value', 'author'], ['value', 'sequence']] },
    { key: 'typ', value: [['value', 'content', 'type'], ['timestamp']] },
    { key: 'tya', value: [['value', 'content', 'type'], ['value', 'timestamp']] },
    { key: 'cha', value: [['value', 'content', 'channel'], ['timestamp']] },
    { key: 'aty', value: [['value', 'author'], ['value', 'content', 'type'], ['timestamp']] },
    { key: 'ata', value: [['value', 'author'], ['value', 'content', 'type'], ['value', 'timestamp']] },
    { key: 'art', value: [['value', 'content', 'root'], ['value', 'timestamp']] },
    { key: 'lor', value: [['rts']] }
  ].map((index) => ({ exact: true, ...index })),
  links2: [
    { key: 'SRD', value: ['source', 'rel', 'dest', 'ts'] },
    { key: 'DRS', value: ['dest', 'rel', 'source', 'ts'] },
    { key: 'RDS', value: ['rel', 'dest', 'source', 'ts'] }
  ],
  backlinks: [
    { key: 'DTS', value: [['dest'], ['timestamp']] },
    { key: 'DTA', value: [['dest'], ['rts']] },
    { key: 'TDT', value: [['value', 'content', 'type'], ['dest'], ['rts']] }
  ]
}
const bound = () => pick([basic, basic, test, () => many(3, () => pick([basic, test])()), () => ({ $prefix: pick(WORDS) }), () => ({ $gt: below(9), $lt: 9 }), () => ({ $is: pick(['string', 'boolean', 'array', 'null', 'undefined', 'number']) })])()
function wanted () {
  const made = {}
  const content = {}
  const value = {}
  for (const name of ['type', 'channel', 'root']) if (chance(0.3)) content[name] = bound()
  for (const name of ['author', 'sequence', 'timestamp']) if (chance(0.3)) value[name] = bound()
  if (chance(0.6)) value.content = chance(0.95) ? content : basic()
  if (chance(0.8)) made.value = chance(0.97) ? value : basic()
  for (const name of ['timestamp', 'rts', 'source', 'dest', 'rel', 'ts']) if (chance(0.25)) made[name] = bound()
  return made
}
function choices () {
  const cases = []
  for (let n = 0; n < Number(count); n++) {
    const name = pick(Object.keys(INDEXES))
    const indexes = INDEXES[name]
    const query = pick([
      () => wanted(), () => [{ $filter: wanted() }], () => [{ $filter: wanted() }, { $map: 'key' }],
      () => [{ $filter: wanted() }, { $sort: pick(indexes).value }], () => [{ $map: true }], () => [{ $filter: wanted() }, { $sort: [['a']] }]
    ])()
    const opts = { query }
    for (const flag of ['reverse', 'live', 'old', 'sync']) if (chance(0.2)) opts[flag] = chance(0.7)
    let result
    try {
      if (name === 'query') result = select.query(indexes, () => {})(opts)
      else {
        const q = Array.isArray(query) ? query[0].$filter || {} : query
        const sort = Array.isArray(query) && query[query.length - 1].$sort
        const index = sort ? links('util').findByPath(indexes, sort) : select.links(indexes, q)
        if (sort && !index) throw new Error('could not sort by:' + JSON.stringify(sort)) // as its index.js
        result = index ? { index: index.key, ...linkQuery(index, q) } : { scan: true }
      }
      result = { out: result }
    } catch (err) {
      result = { error: String(err.message) }
    }
    cases.push(JSON.parse(JSON.stringify({ indexes: name, opts, ...result })))
  }
  return cases
}

// ---- the order of keys

const charwise = require(require.resolve('charwise', { paths: [path.join(require.resolve('flumeview-level/package.json'), '..')] }))
function order () {
  const cases = []
  for (let n = 0; n < Number(count); n++) {
    const keys = Array.from({ length: 12 }, () => Array.from({ length: 2 }, () => chance(0.8) ? basic() : many(3, basic)))
    const encoded = keys.map((one) => Buffer.from(charwise.encode(one)))
    const ranks = encoded.map((one) => encoded.filter((other) => Buffer.compare(other, one) < 0).length)
    cases.push({ keys, ranks })
  }
  return cases
}

// ---- what messages link to

const extract = require('ssb-links/links')
const emit = require('ssb-backlinks/emit-links')
const id = (sigil, n, end) => sigil + Buffer.alloc(32, n).toString('base64') + end
const IDS = [id('@', 1, '.ed25519'), id('@', 2, '.ed25519'), id('%', 3, '.sha256'), id('%', 4, '.sha256'), id('&', 5, '.sha256'), id('%', 6, '.cloaked')]
const TEXTS = [...WORDS, ...IDS, ...IDS, '#Chan.nel', '#a b', '#??', '#' + 'x'.repeat(29), '#' + 'x'.repeat(28), 'Some, Channel', IDS[4] + '?unbox=a+b', IDS[0] + 'x']
const text = () => pick(TEXTS)
const target = () => ({ link: text(), ...(chance(0.5) && { name: text() }), ...(chance(0.4) && { size: pick(NUMBERS), type: 'image/png', filename: pick(['', 'F']) }), ...(chance(0.3) && { value: pick([1, -1, null, [1], { a: 1 }]), reason: text() }) })
const linked = (depth) => pick([text, text, target, () => many(3, () => pick([text, target])()), () => ({ 0: text(), 1: target() }), () => depth > 0 ? { a: linked(depth - 1), channel: linked(depth - 1) } : basic(), basic])()
function messages () {
  const cases = []
  const names = ['root', 'mentions', 'vote', 'flag', 'about', 'image', 'contact', 'channel', 'value', 'content', 'recps', '1', '0']
  while (cases.length < Number(count)) {
    const content = { ...(chance(0.9) && { type: 'post' }), ...(chance(0.2) && { name: text(), following: chance(0.5) }) }
    for (let n = below(5); n > 0; n--) content[pick(names)] = linked(2)
    const value = { previous: chance(0.5) ? IDS[2] : null, author: IDS[0], sequence: 1, timestamp: pick([5, 7.5, 0]), content: chance(0.9) ? content : 'abc.box' }
    const message = { key: IDS[3], value, timestamp: 6 }
    const links2 = []
    const backlinks = []
    try {
      extract(message, (link) => links2.push(link))
    } catch (err) {
      continue // null in a list: the original's index dies of it
    }
    emit(message, ({ dest, rts }) => backlinks.push({ dest, rts }))
    cases.push({ message, links2, backlinks })
  }
  return cases
}

write('generated-links.json', 'ssb-links and ssb-backlinks: what messages link to', messages())
write('generated-order.json', 'charwise: where keys stand among each other', order())
write('generated-choice.json', 'flumeview-query and flumeview-links: which index, from where to where', choices())
write('generated-language.json', 'map-filter-reduce: queries over values', language())
