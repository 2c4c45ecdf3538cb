'use strict'
// An ssb-client that a test drives: one JSON command a line on stdin, one JSON answer a line on stdout.
//   node driver.js '{"secret": FILE, "remote": ADDRESS, "shs": BASE64, "manifest": FILE or object}'
// First line out: {"connected": id of the remote} or {"failed": text}.
// In:  {"id": 1, "name": ["friends", "hops"], "args": [...]}   async and sync: {"id", "value"} or {"id", "error"}
//      sources: {"id", "item"}..., then {"id", "end": true} or {"id", "error"}; {"id": 1, "abort": true} ends one
//      {"id": 1, "count": "createLogStream", "each": [[args], ...]}  sources side by side, drained: {"id", "value": items}
//      {"id": 1, "many": "publish", "each": [[args], ...], "window": n}  the calls side by side: {"id", "value": [results]}
//      {"id": 1, "sink": ["blobs", "add"], "args": [...], "file": PATH}  the bytes of a file go in: {"id", "value": null}
//      {"id": 1, "digest": ["blobs", "get"], "args": [...]}  the bytes that come: {"id", "value": {"size", "sha256"}}
const crypto = require('crypto')
const fs = require('fs')
const readline = require('readline')
const pull = require('pull-stream')
const ssbKeys = require('ssb-keys')
const connect = require('ssb-client')

const options = JSON.parse(process.argv[2])
const manifest = typeof options.manifest === 'string' ? JSON.parse(fs.readFileSync(options.manifest, 'utf8')) : options.manifest
const say = (o) => process.stdout.write(JSON.stringify(o) + '\n')
const text = (err) => (err && err.message) || String(err)
const aborted = new Set()

connect(ssbKeys.loadOrCreateSync(options.secret), {
  remote: options.remote, caps: { shs: options.shs }, manifest, timers: { inactivity: -1, handshake: 20000 }
}, (err, sbot) => {
  if (err) { say({ failed: text(err) }); process.exit(1) }
  say({ connected: sbot.id })
  const find = (name) => name.reduce((o, k) => o && o[k], sbot)
  const kind = (name) => name.reduce((o, k) => o && o[k], manifest)
  const lines = readline.createInterface({ input: process.stdin })
  lines.on('close', () => sbot.close(true, () => process.exit(0)))
  lines.on('line', (line) => {
    const c = JSON.parse(line)
    if (c.abort) return aborted.add(c.id)
    if (c.many) return many(c, find(c.many.split('.')))
    if (c.count) return count(c, find(c.count.split('.')))
    if (c.sink) return sink(c, find(c.sink))
    if (c.digest) return digest(c, find(c.digest))
    const fn = find(c.name)
    if (typeof fn !== 'function') return say({ id: c.id, error: 'not in the manifest: ' + c.name.join('.') })
    if (kind(c.name) !== 'source') {
      return fn(...c.args, (e, value) => (e ? say({ id: c.id, error: text(e) }) : say({ id: c.id, value: value === undefined ? null : value })))
    }
    pull(fn(...c.args), pull.drain((item) => { say({ id: c.id, item }); return !aborted.has(c.id) },
      (e) => (e && e !== true ? say({ id: c.id, error: text(e) }) : say({ id: c.id, end: true }))))
  })
})

function many (c, fn) {
  const out = new Array(c.each.length)
  let next = 0; let done = 0; let failed = null
  const step = () => {
    if (next >= c.each.length) return
    const i = next++
    fn(...c.each[i], (e, value) => {
      if (e) failed = failed || text(e)
      out[i] = e ? null : c.keys ? value.key : null
      if (++done === c.each.length) failed ? say({ id: c.id, error: failed }) : say({ id: c.id, value: out })
      else step()
    })
  }
  if (!c.each.length) return say({ id: c.id, value: [] })
  for (let k = 0; k < (c.window || 100); k++) step()
}

function count (c, fn) {
  let items = 0; let open = c.each.length
  const ended = (e) => {
    if (e && e !== true) { say({ id: c.id, error: text(e) }); open = -1 } else if (--open === 0) say({ id: c.id, value: items })
  }
  for (const args of c.each) pull(fn(...args), pull.drain(() => { items++ }, ended))
}

function sink (c, fn) {
  const bytes = fs.readFileSync(c.file)
  const pieces = []
  for (let at = 0; at < bytes.length; at += 65536) pieces.push(bytes.subarray(at, at + 65536))
  pull(pull.values(pieces), fn(...c.args, (e) => (e && e !== true ? say({ id: c.id, error: text(e) }) : say({ id: c.id, value: null }))))
}

function digest (c, fn) {
  const hash = crypto.createHash('sha256')
  let size = 0
  pull(fn(...c.args), pull.drain((data) => { hash.update(data); size += data.length },
    (e) => (e && e !== true ? say({ id: c.id, error: text(e) }) : say({ id: c.id, value: { size, sha256: hash.digest('hex') } }))))
}
