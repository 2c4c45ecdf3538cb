'use strict'
// Puts many calls to one server through ssb-client and says how each ended.
//   node calls.js '{"secret": FILE, "remote": ADDRESS, "shs": BASE64, "types": {"get": "async", "friends.hops": "async"}, "patience": ms}'
// First line out: {"connected": id} or {"failed": text}. Then one JSON command a line on stdin:
//   {"id": n, "name": "friends.hops", "as": "async", "args": [...]}  a call with this muxrpc type, whatever the server's
//   -> {"id", "value"} (absent for no value), {"id", "error"}, {"id", "items": [...], "end": true or error text or false}
// A source or duplex that stays open longer than `patience` after its last item is reported with end false and aborted;
// with "wait": true only when {"finish": true} comes. An async call without an answer is {"id", "silent": true}.
const readline = require('readline')
const pull = require('pull-stream')
const ssbKeys = require('ssb-keys')
const connect = require('ssb-client')

const options = JSON.parse(process.argv[2])
const say = (o) => process.stdout.write(JSON.stringify(o) + '\n')
const text = (err) => (err && err.message) || String(err)
const KINDS = ['async', 'source', 'sink', 'duplex']
const clients = {}
const waiting = []

function tree (kind) {
  const root = {}
  for (const name of options.names) {
    const path = name.split('.')
    path.slice(0, -1).reduce((o, k) => (o[k] = typeof o[k] === 'object' ? o[k] : {}), root)[path[path.length - 1]] = kind
  }
  return root
}

function open (n) {
  if (n === KINDS.length) { say({ connected: clients.async.id }); return listen() }
  connect(ssbKeys.loadOrCreateSync(options.secret), {
    remote: options.remote, caps: { shs: options.shs }, manifest: tree(KINDS[n]), timers: { inactivity: -1, handshake: 20000 }
  }, (err, sbot) => {
    if (err) { say({ failed: text(err) }); process.exit(0) }
    clients[KINDS[n]] = sbot
    open(n + 1)
  })
}

function listen () {
  const lines = readline.createInterface({ input: process.stdin })
  lines.on('close', () => process.exit(0))
  lines.on('line', (line) => {
    const c = JSON.parse(line)
    if (c.finish) return waiting.splice(0).forEach((end) => end())
    const fn = c.name.split('.').reduce((o, k) => o && o[k], clients[c.as])
    if (typeof fn !== 'function') say({ id: c.id, error: 'no such name: ' + c.name })
    else if (c.as === 'async') ask(c, fn)
    else if (c.as === 'source') read(c, fn(...c.args))
    else if (c.as === 'sink') {
      const timer = setTimeout(() => say({ id: c.id, silent: true }), options.patience)
      pull(pull.values(c.sent || []), fn(...c.args, (err) => { clearTimeout(timer); say(err ? { id: c.id, error: text(err) } : { id: c.id, end: true }) }))
    } else {
      const stream = fn(...c.args)
      pull(pull.values(c.sent || []), stream.sink)
      read(c, stream.source)
    }
  })
}

function ask (c, fn) {
  let over = false
  const done = (o) => { if (!over) { over = true; clearTimeout(timer); say(Object.assign({ id: c.id }, o)) } }
  const timer = setTimeout(done, options.patience, { silent: true })
  fn(...c.args, (err, value) => done(err ? { error: text(err) } : { value }))
}

function read (c, source) {
  const items = []
  let over = false
  let timer = null
  const done = (end) => {
    if (over) return
    over = true
    clearTimeout(timer)
    say({ id: c.id, items, end })
  }
  const quiet = () => { done(false); source(true, () => {}) }
  const wait = () => { clearTimeout(timer); if (!c.wait) timer = setTimeout(quiet, options.patience) }
  if (c.wait) waiting.push(quiet)
  wait()
  const next = () => source(null, (end, item) => {
    if (end) return done(end === true ? true : text(end))
    if (over) return
    items.push(item)
    wait()
    next()
  })
  next()
}
open(0)
