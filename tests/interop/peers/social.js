'use strict'
// What a small crowd says, from a fixed seed, the same bytes each time:  node social.js FOLDER [COUNT [SEED [plain]]]
// With `plain` nobody claims a time that is still to come, and channels are texts: ssb-threads stumbles over both.
// -> FOLDER/{secret (the server's), other (a stranger's), data.json}
// data.json: {own, feeds: [ids], far, other, messages: [{key, value}], later: [{key, value}], private: [keys of what is for own],
//   blobs: [ids], channels: [names], words: [words]}; `later` follow on `messages`.
const fs = require('fs')
const crypto = require('crypto')
const path = require('path')
const sodium = require('chloride')

// xorshift; private boxes take their randomness from it too, which private-box looks up when it is loaded
let seed = Number(process.argv[4] || 0x2545f491)
const random = (n) => { seed ^= seed << 13; seed >>>= 0; seed ^= seed >>> 17; seed ^= seed << 5; seed >>>= 0; return seed % n }
const pick = (list) => list[random(list.length)]
const chance = (percent) => random(100) < percent
const bytes = (n) => { const b = Buffer.alloc(n); for (let i = 0; i < n; i++) b[i] = random(256); return b }
sodium.randombytes = (buffer) => bytes(buffer.length).copy(buffer)
sodium.crypto_box_keypair = () => sodium.crypto_box_seed_keypair(bytes(32))
const ssbKeys = require('ssb-keys')
const validate = require('ssb-validate')

const folder = process.argv[2]
const COUNT = Number(process.argv[3] || 800)
const START = 1500000000000
const PLAIN = process.argv[5] === 'plain'
const digest = (text) => crypto.createHash('sha256').update(text).digest()

const keys = ['own', 'ann', 'bob', 'cat', 'dan', 'eve', 'fay', 'gus', 'hal', 'ida'].map((name) => ssbKeys.generate('ed25519', digest('social ' + name)))
const [own, ann, bob, cat, dan, eve, fay, gus, hal, ida] = keys
const far = ssbKeys.generate('ed25519', digest('social far')).id
const other = ssbKeys.generate('ed25519', digest('social other'))
const nowhere = '%' + digest('social nowhere').toString('base64') + '.sha256'
const blobs = Array.from({ length: 12 }, (_, i) => '&' + digest('social blob ' + i).toString('base64') + '.sha256')
const cloaked = '%' + digest('social group').toString('base64') + '.cloaked'
const words = ['granite', 'moss', 'Thistle', 'burn', 'heather', 'corrie', 'naïve', 'ångström', '🦀', 'scree', 'lochan', 'of', 'a', 'stone', 'stones', 'Stone-wall', 'under_score', '1500', 'ssb', 'scuttle-butt', 'we\'re', 'цепь', '石', 'running', 'run']
const channels = ['ssb', 'SSB', 'new-people', 'gardening', '#hash', 'über', 'a channel', 'a,b', 'patchwork-dev', 'x', 'averyveryverylongchannelnameofover30letters', 'dots.and/slash']
const images = ['cat.jpg', 'Funny-Cat.PNG', 'over_the.hill.gif', 'no extension', 'a/b cat.svg', 'ok', 'image.jpeg', 'stone_wall.png']

const heads = {}
const messages = []
const roots = []
const replies = []
const gatherings = []
const secrets = []
let clock = START

function sign (k, content, timestamp) {
  const value = validate.create(heads[k.id], k, null, content, timestamp)
  const key = validate.id(value)
  heads[k.id] = { id: key, sequence: value.sequence, timestamp: value.timestamp, queue: [] }
  return { key, value }
}
const used = new Set()
// ssb-db's feed index and ssb-query keep one message of those with the same fields and time
function time () {
  let t = claimed()
  while (used.has(t)) t++
  used.add(t)
  return t
}
function claimed () {
  clock += random(4) ? 1000 + random(60000) : 0
  const n = random(40)
  if (n === 0) return clock - 86400000
  if (n === 1) return clock + 0.5
  if (n === 2) return clock - random(3) * 1000
  if (n === 3 && !PLAIN) return 4102444800000 + random(5)
  if (n === 4) return pick([0, -12345, 1])
  return clock
}
const anyone = () => pick(keys)
const anyKey = () => messages.length ? pick(messages).key : nowhere
const anyRoot = () => roots.length ? pick(roots) : nowhere
const near = (list) => list.length ? list[Math.max(0, list.length - 1 - random(8))] : nowhere
const text = (n) => Array.from({ length: n || 3 + random(12) }, () => chance(8) ? '#' + pick(['ssb', 'Gardening', 'new-people', 'über', 'tag_1']) : pick(words)).join(pick([' ', ' ', ' ', ', ', '\n']))
const odd = () => pick([null, true, false, 0, 1, -1.5, '', 'x', [], [1], {}, { a: 1 }, { link: 'x' }, '%x.sha256', '@x.ed25519', { link: anyKey() }, [anyKey(), 1]])

// ssb-query ends ssb-server at an object in `root` or `channel`, and ssb-links never gets past a null in a list
const flat = () => PLAIN ? pick(['', 'x', 'No Channel']) : pick([null, true, false, 0, 1, -1.5, '', 'x', '%x.sha256', anyone().id])

function mention () {
  return pick([
    () => ({ link: anyone().id, name: pick(['annie', 'Bob', 'cat', 'the own', 'nobody', '']) }),
    () => ({ link: anyone().id }),
    () => ({ link: anyKey(), name: 'a message' }),
    () => ({ link: pick(blobs), name: pick(images), type: 'image/jpeg', size: 1000 + random(9) }),
    () => ({ link: pick(blobs), name: pick(images) }),
    () => ({ link: '#' + pick(['ssb', 'Gardening', 'x', 'new-people']) }),
    () => anyone().id,
    () => pick([1, {}, { name: 'no link' }, { link: 1, name: 'x' }, { link: pick(blobs), name: 7 }, { link: far, name: 'far away' }, { link: 'x', name: 'cat.jpg' }])
  ])()
}
const mentions = () => chance(6) ? pick([null, 'x', {}, mention() || {}, 1, { 0: mention() }]) : Array.from({ length: random(4) }, mention)
function post (more) {
  const content = { type: 'post', text: chance(5) ? odd() : text() }
  if (chance(45)) content.mentions = mentions()
  if (chance(30)) content.channel = chance(10) ? flat() : pick(channels)
  return Object.assign(content, more)
}
function reply () {
  const parent = near(replies.length && chance(60) ? replies : roots)
  const root = parent.root || parent.key || anyRoot().key
  const content = post({ root, branch: parent.key || nowhere })
  if (chance(20)) content.branch = [content.branch, near(replies).key || root]
  if (chance(6)) content.branch = pick([odd(), [], undefined, [root, root], root])
  if (chance(8)) Object.assign(content, { root: near(replies).key || root, fork: root }) // a fork of the thread begins at a reply
  if (chance(5)) content.root = pick([flat(), nowhere, [root], cloaked])
  if (chance(4)) content.reply = { [root]: own.id }
  return content
}
function vote () {
  const link = chance(70) ? anyKey() : pick([anyone().id, nowhere, odd(), pick(blobs)])
  const content = { type: 'vote', vote: { link, value: pick([1, 1, 1, 0, -1]), expression: pick(['Like', '❤', 'Unlike', '']) } }
  if (chance(10)) content.vote = odd()
  if (chance(20)) content.branch = anyKey()
  if (chance(10)) content.channel = pick(channels)
  return content
}
const NAMES = ['ann', 'Annie', 'anna', 'Bob', 'bobby', 'cat', 'Cät', 'cat-woman', 'dan_the_man', 'dead dan', 'deprecated eve', 'eve', 'fay', 'gus', 'Gus', 'hal 9000', 'ida', 'me', '  ', 'an', '@ann', '🦀 crab']
// a name that is no text, given to a feed by itself or by somebody whom we follow, breaks all of ssb-suggest: only ida gives such
function about (k) {
  const dest = chance(85) ? anyone().id : pick([far, anyKey(), pick(blobs), near(gatherings).key || nowhere])
  const content = { type: 'about', about: dest }
  const free = k === ida && dest !== ida.id
  const image = () => pick([pick(blobs), { link: pick(blobs), size: 10, type: 'image/png' }, { link: pick(blobs), remove: true }, odd()])
  if (chance(60)) content.name = chance(free ? 60 : 100) ? pick(NAMES) : odd()
  if (chance(40)) content.image = image()
  if (chance(20)) content.description = chance(90) ? text() : odd()
  if (free && chance(30)) content.name = pick([{ remove: true }, { link: 'x', remove: true }, { link: far }, ''])
  if (chance(5)) content.publicWebHosting = pick([true, false, 'true'])
  if (chance(5)) content.about = pick([odd(), undefined, [dest], { link: dest }])
  return content
}
function meeting () {
  if (!gatherings.length || chance(25)) return { type: 'gathering', text: chance(50) ? text() : undefined }
  const content = { type: 'about', about: near(gatherings).key }
  const who = pick([anyone().id, own.id])
  return Object.assign(content, pick([
    () => ({ title: text(2) }),
    () => ({ startDateTime: { epoch: clock + random(9) * 1000, tz: 'Pacific/Auckland', bias: -720, silent: false } }),
    () => ({ location: text(3) }),
    () => ({ attendee: { link: who } }),
    () => ({ attendee: { link: who, remove: true } }),
    () => ({ image: { link: pick(blobs), name: 'poster.png' }, description: text() })
  ])())
}
function contact (k) {
  return { type: 'contact', contact: chance(92) ? pick(k === own ? keys.slice(0, 9) : keys).id : pick([far, odd(), 'x']), [pick(['following', 'following', 'following', 'blocking'])]: pick([true, true, true, false]) }
}
function topic () {
  return { type: 'channel', channel: chance(90) ? pick(channels) : flat(), subscribed: pick([true, true, false, 'yes']) }
}
function strange () {
  return pick([
    () => ({ type: 'post' }),
    () => ({ type: 'post', text: null, root: anyKey() }),
    () => ({ type: 'vote' }),
    () => ({ type: 'about' }),
    () => ({ type: 'about', about: anyone().id }),
    () => ({ type: 'constructor', text: 'constructor __proto__ hasOwnProperty' }),
    () => ({ type: 'tag', tagged: true, message: anyKey(), root: anyKey() }),
    () => ({ type: 'chess_invite', inviting: anyone().id, root: null }),
    () => ({ type: 'blog', title: text(2), summary: text(), blog: pick(blobs), thumbnail: pick(blobs) }),
    () => ({ type: 'issue', title: text(3), project: anyKey(), assigned: [anyone().id, { link: anyone().id }] }),
    () => ({ type: 'deep', a: { b: { c: [{ link: anyKey() }, { link: anyone().id, rel: 'x' }, [pick(blobs)]] } }, link: anyKey() }),
    () => ({ type: 'post', text: 'the word constructor __proto__ toString', '': 1, channel: 'constructor' }),
    () => ({ type: 'post', text: 'x'.repeat(3000) + ' ' + text() }),
    () => ({ type: 'post', text: text(), mentions: [{ link: anyKey() }, { link: anyKey() }], root: anyKey(), branch: [anyKey(), anyKey(), anyKey()] }),
    () => ({ type: 'pub', address: { host: 'example.com', port: 8008, key: anyone().id } }),
    () => ({ type: 'a-type-of-exactly-thirty-two-ch!and-more', n: random(9), links: [anyone().id, cloaked] }),
    () => ({ type: 'post', text: text(), root: anyRoot().key, branch: anyRoot().key, about: anyone().id, name: 'not an about' })
  ])()
}
function secret (from) {
  const to = pick([[own], [own, ann], [own, bob, cat], [bob, cat], [dan, eve], [ida, own]])
  const recipients = to.includes(from) ? to : [from, ...to]
  const content = pick([() => post(), reply, () => about(from), vote, strange])()
  if (secrets.length && chance(40)) Object.assign(content, { root: near(secrets).key, branch: near(secrets).key })
  if (chance(85)) content.recps = recipients.map((k) => chance(15) ? { link: k.id, name: 'x' } : k.id)
  return { content: ssbKeys.box(content, recipients.map((k) => k.id)), plain: content, mine: recipients.includes(own) }
}

function keep (message, content, mine) {
  messages.push(message)
  const entry = { key: message.key, root: content && typeof content.root === 'string' ? content.root : undefined }
  if (mine !== undefined) { if (mine) secrets.push(entry) } else if (content.type === 'gathering') gatherings.push(entry)
  else if (content.type === 'post') (entry.root ? replies : roots).push(entry)
  return message
}
function say (k, content) { return keep(sign(k, content, time()), content) }
function whisper (k) {
  const { content, plain, mine } = secret(k)
  return keep(sign(k, content, time()), plain, mine)
}
function anything () {
  const k = chance(14) ? own : anyone()
  const n = random(100)
  if (n < 20) return say(k, post())
  if (n < 46) return say(k, reply())
  if (n < 56) return say(k, vote())
  if (n < 70) return say(k, about(k))
  if (n < 75) return say(k, meeting())
  if (n < 79) return say(k, contact(k))
  if (n < 83) return say(k, topic())
  if (n < 89) return say(k, strange())
  if (n < 99) return whisper(k)
  return keep(sign(k, bytes(300).toString('base64') + pick(['.box', '.box2']), time()), {}, false)
}

const follow = (k, ...others) => others.forEach((o) => say(k, { type: 'contact', contact: o.id, following: true }))
follow(own, ann, bob, cat, dan)
follow(ann, own, bob, eve)
follow(bob, own, ann, fay)
follow(cat, gus, own)
follow(eve, hal)
say(own, { type: 'contact', contact: ida.id, blocking: true })
say(bob, { type: 'contact', contact: gus.id, blocking: true })
for (const k of keys) say(k, { type: 'about', about: k.id, name: pick(NAMES), image: pick(blobs) })
while (messages.length < COUNT) anything()
const held = messages.splice(0)
while (messages.length < 40) anything()

const store = (name, k) => fs.writeFileSync(path.join(folder, name), JSON.stringify(k, null, 2), { mode: 0o400 })
store('secret', own)
store('other', other)
const data = { own: own.id, feeds: keys.map((k) => k.id), far, other: other.id, nowhere, messages: held, later: messages, private: secrets.map((m) => m.key), gatherings: gatherings.map((m) => m.key), blobs, channels, words, names: NAMES }
fs.writeFileSync(path.join(folder, 'data.json'), JSON.stringify(data))
