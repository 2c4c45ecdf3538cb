'use strict'
// A data set of strange but valid messages, the same for every run:  node strange.js FOLDER
// -> FOLDER/{secret (the server's), other (a stranger's), enemy (blocked by the server's feed), data.json}
// data.json: {own, feeds: [ids], far, other, messages: [{key, value}], later: [{key, value}], next: {key, value}};
// `later` follow on `messages`, and `next` follows on `later`.
const fs = require('fs')
const crypto = require('crypto')
const path = require('path')
const ssbKeys = require('ssb-keys')
const validate = require('ssb-validate')

const folder = process.argv[2]
const digest = (text) => crypto.createHash('sha256').update(text).digest()
const keys = ['own', 'one', 'two', 'three', 'four', 'enemy'].map((name) => ssbKeys.generate('ed25519', digest('strange ' + name)))
const [own, one, two, three, four, enemy] = keys
const far = ssbKeys.generate('ed25519', digest('strange far')).id
const other = ssbKeys.generate('ed25519', digest('strange other'))
const heads = {}
const START = 1500000000000

function sign (k, content, timestamp) {
  const value = validate.create(heads[k.id], k, null, content, timestamp)
  const key = validate.id(value)
  heads[k.id] = { id: key, sequence: value.sequence, timestamp: value.timestamp, queue: [] }
  return { key, value }
}
const contact = (feed, more) => Object.assign({ type: 'contact', contact: feed }, more)
const box = (content, recipients) => ssbKeys.box(content, recipients.map((k) => k.id))

const messages = [
  [own, { type: 'post', text: 'first' }],
  [one, { type: 'about', about: one.id, name: 'one' }],
  [own, contact(one.id, { following: true })],
  [own, contact(two.id, { following: true })],
  [own, contact(enemy.id, { blocking: true })],
  [own, contact(three.id, { following: true })],
  [own, contact(three.id, { following: false })],
  [own, contact(four.id, { following: true, blocking: true })],
  [own, contact('not a feed', { following: true })],
  [own, contact(far, { pub: true })],
  [one, contact(three.id, { following: true })],
  [one, contact(four.id, { following: true })],
  [one, contact(own.id, { following: true, autofollow: true })],
  [two, contact(own.id, { blocking: true })],
  [two, contact(four.id, { flagged: true })],
  [two, contact(far, { following: true, blocking: false })],
  [three, contact(far, { following: 'yes' })],
  [three, contact(one.id, { following: 1 })],
  [four, contact(far, { following: true })],
  [enemy, contact(own.id, { following: true })],
  [enemy, { type: 'post', text: 'let me in' }],
  [one, { type: 'post', text: 'zwei 1.5 1e21 🦀 ångström', n: [0, -1, 1.5, 1e21, 1e-7, 123456789012345680000, 5e-324, 0.1] }, 1500000001000],
  [two, { type: 'post', text: 'same time too' }, 1500000001000],
  [one, { type: 'post', text: 'earlier' }, 1400000000000],
  [one, { type: 'post', text: 'fractional' }, 1450000000000.5],
  [two, { type: 'post', text: 'the future' }, 4102444800000],
  [two, { type: 'post', text: 'no time' }, 0],
  [two, { type: 'post', text: 'before the epoch' }, -12345],
  [three, { type: 'post', text: 'half a pair \ud800 and \udfff, \u0000 \u2028 \u007f "quotes" \\ / </script>' }],
  [three, { type: 'post', deep: { a: [[[{}, [], null, true, false, '']]] }, '': 'empty', 2: 'b', 1: 'a', constructor: 'x', toString: 1 }],
  [three, { type: 'long-type-of-thirty-two-characters', n: 1 }],
  [three, { type: 'a-type-of-exactly-thirty-two-ch!', n: 2 }],
  [three, { type: 'a-type-of-exactly-thirty-two-ch!and-more-than-that', n: 3 }],
  [three, { type: 'tüpé 🦀', n: 4 }],
  [three, { type: '\ud83e half', n: 5 }],
  [four, { type: 'constructor', text: 'a name of Object.prototype' }],
  [four, { type: '__proto__', text: 'another' }],
  [one, () => box({ type: 'post', text: 'for one' }, [one])],
  [two, () => box({ type: 'secret', text: 'for two' }, [two])],
  [four, Buffer.alloc(300, 'box').toString('base64') + '.box'], // shorter ones end ssb-server 16
  [four, Buffer.alloc(300, 'box2').toString('base64') + '.box2'],
  [four, { type: 'post', text: 'x'.repeat(7500) }],
  [four, { type: 'vote', vote: { link: '%AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=.sha256', value: 1, expression: '' }, weight: 0.30000000000000004 }]
]
const filler = Array.from({ length: 24 }, (_, i) => [[one, two, three][i % 3], { type: i % 2 ? 'post' : 'tick', text: 'filler ' + i, n: i / 8 }])
const later = [
  [one, { type: 'post', text: 'while you watch' }],
  [two, { type: 'tick', text: 'and this' }, 1400000000500],
  [own, { type: 'post', text: 'mine, elsewhere' }],
  [one, contact(own.id, { blocking: true })],
  [one, { type: 'post', text: 'after the block' }],
  [two, contact(one.id, { following: false })],
  [two, contact(three.id, { blocking: true })],
  [own, contact(three.id, { following: true })],
  [own, () => box(contact(one.id, { blocking: true }), [own])],
  [four, contact(far, { flagged: true })]
]
let clock = START
const signed = (list) => list.map(([k, content, timestamp]) => sign(k, typeof content === 'function' ? content() : content, timestamp === undefined ? (clock += 777) : timestamp))

const store = (name, k) => fs.writeFileSync(path.join(folder, name), JSON.stringify(k, null, 2), { mode: 0o400 })
store('secret', own)
store('other', other)
store('enemy', enemy)
const data = { own: own.id, feeds: keys.map((k) => k.id), far, other: other.id, messages: signed(messages.concat(filler)), later: signed(later), next: signed([[two, { type: 'post', text: 'next' }]])[0] }
fs.writeFileSync(path.join(folder, 'data.json'), JSON.stringify(data))
