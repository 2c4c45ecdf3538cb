'use strict'
// Puts many calls to one server through ssb-client and says how each ended.
//   node calls.js '{"secret": FILE, "remote": ADDRESS, "shs": BASE64, "types": {"get": "async", "friends.hops": "async"}, "patience": ms}'
// First line out: {"connected": id} or {"failed": text}. Then one JSON command a line on stdin:
//   {"id": n, "name": "friends.hops", "as": "async", "args": [...]}  a call with this muxrpc type, whatever the server's
//   -> {"id", "value"} (absent for no value), {"id", "error"}, {"id", "items": [...], "end": true or error text or false}
// A source or duplex that is still open when the server has said nothing at all for `patience` is reported with end false
// and aborted; with "wait": true only when {"finish": true} comes. An async call without an answer then is {"id", "silent": true}.
const readline = require('readline')
const pull = require('pull-stream')
const ssbKeys = require('ssb-keys')
const connect = require('ssb-client')

const options = JSON.parse(process.argv[2])
const say = (o) => process.stdout.write(JSON.stringify(o) + '\n')
const text = (err) => (err && err.message) || String(err)
const KINDS = ['async', 'source', 'sink', 'duplex']
const clients = {}
let heard = Date.now()
const waiting = []

// Calls `then` when the server has said nothing, to no call, for `patience`: a busy machine is given its time. It looks
// twice, as what came while this process had no processor is read after the timers.
function whenSilent (then) {
  let timer = null
  let seen = null
  const look = () => {
    const left = heard + options.patience - Date.now()
    if (left <= 0 && seen === heard) return then()
    seen = heard
    timer = setTimeout(look, Math.max(left, 100))
  }
  timer = setTimeout(look, options.patience)
  return () => clearTimeout(timer)
}

function tree (kind) {
  const root = {}
  for (const name of options.names) {
    const path = name.split('.')
    path.slice(0, -1).reduce((o, k) => (o[k] = typeof o[k] === 'object' ? o[k] : {}), root)[path[path.length - 1]] = kind
  }
  return root
}

function dial (kind, then) {
  connect(ssbKeys.loadOrCreateSync(options.secret), {
    remote: options.remote, caps: { shs: options.shs }, manifest: tree(kind), timers: { inactivity: -1, handshake: 20000 }
  }, then)
}

function open (n) {
  if (n === KINDS.length) { say({ connected: clients.async.id }); return listen() }
  dial(KINDS[n], (err, sbot) => {
    if (err) { say({ failed: text(err) }); process.exit(0) }
    clients[KINDS[n]] = sbot
    open(n + 1)
  })
}

// Gives a call its client; those that wait for the same connection share it.
const waiters = {}
function client (c, then) {
  if (c.alone) return dial(c.as, then)
  if (!clients[c.as].closed) return then(null, clients[c.as])
  if (waiters[c.as]) return waiters[c.as].push(then)
  waiters[c.as] = [then]
  dial(c.as, (err, sbot) => {
    if (sbot) clients[c.as] = sbot
    const all = waiters[c.as]
    delete waiters[c.as]
    all.forEach((one) => one(err, sbot))
  })
}

// What a call came to; an error that is the end of its connection is told as that.
function tell (c, sbot, answer) {
  const failed = 'error' in answer || typeof answer.end === 'string'
  setImmediate(() => {
    say(Object.assign({ id: c.id }, failed && sbot.closed ? { gone: true } : answer))
    if (c.alone && !sbot.closed) sbot.close(true, () => {})
  })
}

function listen () {
  const lines = readline.createInterface({ input: process.stdin })
  lines.on('close', () => process.exit(0))
  lines.on('line', (line) => {
    const c = JSON.parse(line)
    if (c.finish) return waiting.splice(0).forEach((end) => end())
    client(c, (err, sbot) => {
      if (err) return say({ id: c.id, gone: true })
      const fn = c.name.split('.').reduce((o, k) => o && o[k], sbot)
      const done = (answer) => tell(c, sbot, answer)
      if (typeof fn !== 'function') done({ error: 'no such name: ' + c.name })
      else if (c.as === 'async') ask(c, fn, done)
      else if (c.as === 'source') read(c, fn(...c.args), done)
      else if (c.as === 'sink') {
        const heeded = whenSilent(() => done({ silent: true }))
        pull(pull.values(c.sent || []), fn(...c.args, (err) => { heard = Date.now(); heeded(); done(err ? { error: text(err) } : { end: true }) }))
      } else {
        const stream = fn(...c.args)
        pull(pull.values(c.sent || []), stream.sink)
        read(c, stream.source, done)
      }
    })
  })
}

function ask (c, fn, then) {
  let over = false
  const done = (answer) => { if (!over) { over = true; heeded(); then(answer) } }
  const heeded = whenSilent(() => done({ silent: true }))
  fn(...c.args, (err, value) => { heard = Date.now(); done(err ? { error: text(err) } : { value }) })
}

function read (c, source, then) {
  const items = []
  let over = false
  const done = (end) => {
    if (over) return
    over = true
    heeded()
    then({ items, end })
  }
  const quiet = () => { done(false); source(true, () => {}) }
  if (c.wait) waiting.push(quiet)
  const heeded = c.wait ? () => {} : whenSilent(quiet)
  const next = () => source(null, (end, item) => {
    heard = Date.now()
    if (end) return done(end === true ? true : text(end))
    if (over) return
    items.push(item)
    next()
  })
  next()
}
open(0)
