'use strict'
// Makes the vectors of this folder with the packages that ssb-server 16 installs:
//   npm install ssb-server@16.0.1 ssb-backlinks@2.1.1
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

function write (name, about, cases, log) {
  const versions = { node: process.version, 'map-filter-reduce': from('map-filter-reduce/package.json').version }
  const lines = cases.map((one) => JSON.stringify(one)).join(',\n')
  const head = JSON.stringify({ about, seed, versions }).slice(0, -1)
  const before = log ? ',"log":[\n' + log.map((one) => JSON.stringify(one)).join(',\n') + '\n]' : ''
  fs.writeFileSync(path.join(folder, name), head + before + ',"cases":[\n' + lines + '\n]}\n')
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

// ---- answers of the views, over a log of their own

const AUTHORS = [0, 1, 2, 3, 4].map((n) => id('@', n, '.ed25519')) // as in tests/support/indexing_suite.py
const messageId = (n) => { const raw = Buffer.alloc(32); raw.writeUInt32BE(n, 28); return '%' + raw.toString('base64') + '.sha256' }
const TYPES = ['post', 'vote', 'about', 'contact', 'post', 'a!b', 'long type']
const CHANNELS = ['music', 'Music', 'a b', 'x"y', 7, null, ['l', 1]]
function logged (n) {
  const author = below(4) + 1
  const content = { type: pick(TYPES), text: text() }
  const ref = () => messageId(1 + below(n))
  if (chance(0.3)) content.root = ref()
  if (chance(0.2)) content.channel = pick(CHANNELS)
  if (chance(0.3)) content.mentions = many(3, () => ({ link: pick([ref, () => pick(AUTHORS), () => pick(IDS)])(), name: pick(['Ann', 'bob']) }))
  if (content.type === 'vote') content.vote = { link: ref(), value: 1 }
  if (content.type === 'about') Object.assign(content, { about: pick(AUTHORS), name: 'n', image: { link: IDS[4], size: 5, type: 'image/png' } })
  if (content.type === 'contact') Object.assign(content, { contact: pick(AUTHORS), following: chance(0.5) })
  const claimed = 1000 + n + below(40) - 30 + below(1000) / 1000
  const value = { previous: null, author: AUTHORS[author], sequence: n, timestamp: claimed, content: chance(0.9) ? content : 'abc.box' }
  return { key: messageId(n), value, timestamp: 1000 + n }
}
const oneOf = (known) => pick([() => pick(known), () => pick(known), () => ({ $prefix: String(pick(known)).slice(0, 3) }), () => ({ $gt: pick(known) }), () => ({ $lte: pick(known), $gte: pick(known) }), () => ({ $in: [pick(known), pick(known)] }), () => ({ $is: 'string' })])()
const time = (log) => pick([() => pick(log).timestamp, () => pick(log).value.timestamp, () => ({ $gt: pick(log).timestamp }), () => ({ $lt: pick(log).value.timestamp, $gte: 1001 }), () => ({ $gte: pick(log).timestamp })])()
function asked (log) {
  const content = {}
  const value = {}
  const filter = {}
  if (chance(0.5)) content.type = oneOf(TYPES)
  if (chance(0.2)) content.channel = oneOf(CHANNELS.filter((c) => typeof c === 'string'))
  if (chance(0.2)) content.root = oneOf([messageId(1), messageId(2), messageId(3)])
  if (Object.keys(content).length) value.content = content
  if (chance(0.4)) value.author = oneOf(AUTHORS)
  if (chance(0.2)) value.sequence = pick([3, { $gt: 5 }, { $lt: 20, $gt: 3 }])
  if (chance(0.2)) value.timestamp = time(log)
  if (Object.keys(value).length) filter.value = value
  if (chance(0.3)) filter.timestamp = time(log)
  if (chance(0.2)) filter.rts = time(log)
  return filter
}
const RELS = () => pick(['mentions', 'root', 'vote', 'about', 'image', 'contact', 'previous'])
function askedLinks (log) {
  const filter = {}
  const near = () => pick([...AUTHORS, ...IDS, ...log.slice(0, 9).map((one) => one.key)])
  if (chance(0.5)) filter.dest = pick([near, near, () => ({ $prefix: pick(['@', '%', '&', '#']) })])()
  if (chance(0.3)) filter.source = oneOf(AUTHORS)
  if (chance(0.5)) filter.rel = pick([() => [RELS()], () => [RELS(), { $prefix: '@a' }], () => [RELS(), { $gt: null }], () => ({ $prefix: [RELS()] }), () => [{ $gte: 'm' }]])()
  if (chance(0.2)) filter.ts = time(log)
  return filter
}
function askedBack (log) {
  const filter = {}
  const near = () => pick([...AUTHORS, ...IDS, ...log.slice(0, 9).map((one) => one.key), '#music', '#chan'])
  if (chance(0.8)) filter.dest = pick([near, near, near, () => ({ $prefix: pick(['@', '%', '&', '#']) })])()
  if (chance(0.3)) filter.value = { content: { type: oneOf(TYPES) } }
  if (chance(0.2)) filter.timestamp = time(log)
  if (chance(0.2)) filter.rts = time(log)
  return filter
}
const ends = (indexes) => pick([
  () => [], () => [], () => [], () => [{ $map: 'key' }], () => [{ $map: { k: 'key', t: ['value', 'content', 'type'], s: 'source', d: 'dest', r: 'rel' } }],
  () => [{ $reduce: { t: ['value', 'content', 'type'], n: { $count: true } } }], () => [{ $sort: pick(indexes).value }], () => [{ $sort: [['value', 'author'], { $reverse: ['timestamp'] }] }]
])()
function question (name, log) {
  const filter = { query: asked, links2: askedLinks, backlinks: askedBack }[name](log)
  const opts = { query: chance(0.9) ? [{ $filter: filter }, ...ends(INDEXES[name])] : filter }
  if (chance(0.1)) delete opts.query
  if (name === 'backlinks' && chance(0.3)) opts.index = pick(['DTS', 'DTA', 'TDT'])
  if (chance(0.3)) opts.reverse = true
  if (chance(0.3)) opts.limit = 1 + below(5)
  return opts
}
async function answers () {
  const os = require('os')
  const Flume = from('flumedb')
  const Log = require('flumelog-offset')
  const codec = { encode: JSON.stringify, decode: JSON.parse, buffer: false }
  const dir = fs.mkdtempSync(path.join(os.tmpdir(), 'answers-'))
  const flume = Flume(Log(path.join(dir, 'log'), { blockSize: 4096, codec }), true, (value, cb) => cb(null, value))
  const ssb = { id: AUTHORS[0], _flumeUse: (name, view) => flume.use(name, view)[name] }
  const plugins = { query: require('ssb-query').init(ssb), links2: require('ssb-links').init(ssb), backlinks: require('ssb-backlinks').init(ssb) }
  const log = Array.from({ length: 80 }, (_, n) => logged(n + 1))
  const times = new Set()
  const rows = log.filter((one) => !times.has(one.value.timestamp) && times.add(one.value.timestamp))
  rows.forEach((one, n) => Object.assign(one, { key: messageId(n + 1), timestamp: 1001 + n })) // places without gaps
  rows.forEach((one, n) => { one.value.sequence = n + 1 })
  await new Promise((resolve, reject) => flume.append(rows, (err) => err ? reject(err) : resolve()))
  const cases = []
  while (cases.length < Number(count) / 2) {
    const name = pick(Object.keys(plugins))
    const opts = question(name, rows)
    const text = JSON.stringify(opts)
    const result = await new Promise((resolve) => {
      try {
        pull(plugins[name].read(JSON.parse(text)), pull.collect((err, out) => resolve(err ? { error: String(err.message || err) } : { out })))
      } catch (err) {
        resolve({ error: String(err.message) })
      }
    })
    const made = { name, opts: JSON.parse(text), ...result }
    if (made.out && made.out.every((one) => one && one.key && one.value)) made.out = made.out.map((one) => [one.key, one.dest, one.rts])
    cases.push(JSON.parse(JSON.stringify(made)))
  }
  process.on('exit', () => fs.rmSync(dir, { recursive: true })) // leveldown dies of a close while iterators are open
  return { log: rows, cases }
}

process.on('uncaughtException', (err) => { if (process.env.SAY) say(err.stack) }) // pull-sort throws where nobody listens
answers().then(({ log, cases }) => write('generated-answers.json', 'ssb-query, ssb-links, ssb-backlinks: answers over a log', cases, log)).then(() => process.exit(0))
write('generated-links.json', 'ssb-links and ssb-backlinks: what messages link to', messages())
write('generated-order.json', 'charwise: where keys stand among each other', order())
write('generated-choice.json', 'flumeview-query and flumeview-links: which index, from where to where', choices())
write('generated-language.json', 'map-filter-reduce: queries over values', language())
