'use strict'
// Signed messages of many feeds, made by ssb-validate from fixed seeds: the same arguments give the same bytes.
//   node dataset.js FOLDER FEEDS PER_FEED  ->  FOLDER/{keys.json, messages.jsonl}; messages.jsonl is round robin over the feeds
const fs = require('fs')
const crypto = require('crypto')
const path = require('path')
const ssbKeys = require('ssb-keys')
const validate = require('ssb-validate')

const [folder, nFeeds, perFeed] = [process.argv[2], Number(process.argv[3]), Number(process.argv[4])]
const digest = (text) => crypto.createHash('sha256').update(text).digest()
let seed = 0x2545f491
const random = (n) => { seed ^= seed << 13; seed >>>= 0; seed ^= seed >>> 17; seed ^= seed << 5; seed >>>= 0; return seed % n }
const words = ['granite', 'moss', 'thistle', 'burn', 'heather', 'corrie', 'naïve', 'ångström', '🦀', 'scree', 'lochan', 'version 1.5', '"quoted"', 'line\nbreak']

const keys = Array.from({ length: nFeeds }, (_, i) => ssbKeys.generate('ed25519', digest('interop feed ' + i)))
const heads = keys.map(() => null)
const roots = [] // of threads
const out = fs.openSync(path.join(folder, 'messages.jsonl'), 'w')
let timestamp = 1500000000000
for (let n = 0; n < perFeed; n++) {
  let lines = ''
  keys.forEach((k, i) => {
    timestamp += 1 + random(900)
    let content
    if (n === 0) content = { type: 'about', about: k.id, name: 'feed ' + i }
    else if (n < 4) content = { type: 'contact', contact: keys[(i + n * 5) % nFeeds].id, following: true }
    else if (random(10) < 2) content = { type: 'vote', vote: { link: heads[random(nFeeds)].id, value: 1, expression: '' }, weight: random(1000) / 8 }
    else {
      const size = 150 + random(350); let text = ''
      while (text.length < size) text += words[random(words.length)] + ' '
      content = { type: 'post', text, mentions: random(10) ? [] : [{ link: keys[random(nFeeds)].id, name: 'feed' }] }
      const kind = random(4)
      if (kind === 0 && roots.length) { content.root = roots[random(roots.length)]; content.branch = heads[random(nFeeds)].id }
      else if (kind === 1) content.channel = words[random(6)]
    }
    const value = validate.create(heads[i], k, null, content, timestamp)
    const key = validate.id(value)
    if (n === 4 && roots.length < 50 && content.type === 'post') roots.push(key)
    heads[i] = { id: key, sequence: value.sequence, timestamp: value.timestamp, queue: [] }
    lines += JSON.stringify({ key, value }) + '\n'
  })
  fs.writeSync(out, lines)
}
fs.closeSync(out)
fs.writeFileSync(path.join(folder, 'keys.json'), JSON.stringify(keys))
