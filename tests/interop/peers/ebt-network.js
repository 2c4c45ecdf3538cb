// How often epidemic-broadcast-trees sends messages more than once: real machines in virtual time on the wirings
// that come as a JSON list on stdin (tests/simulation/spread.py says what they hold); a list of counts goes out.
'use strict'

let now = 0
let acts = []
let count = 0
let timers = []
Date.now = () => now
global.setInterval = (fn, ms) => {
  const again = () => { fn(); after(ms, again) }
  timers.push([ms, again])
  return { unref () {} }
}

const EBT = require('epidemic-broadcast-trees')

function after (ms, act) {
  acts.push({ at: now + ms, n: count++, act })
  let i = acts.length - 1
  while (i && before(acts[i], acts[(i - 1) >> 1])) i = swap(i, (i - 1) >> 1)
}

function before (a, b) { return a.at < b.at || (a.at === b.at && a.n < b.n) }

function swap (i, j) {
  [acts[i], acts[j]] = [acts[j], acts[i]]
  return j
}

function next () {
  swap(0, acts.length - 1)
  const first = acts.pop()
  for (let i = 0, j; (j = 2 * i + 1) < acts.length; i = swap(i, j)) {
    if (j + 1 < acts.length && before(acts[j + 1], acts[j])) j++
    if (!before(acts[j], acts[i])) break
  }
  return first
}

function run (until) {
  while (acts.length && acts[0].at <= until) {
    const { at, act } = next()
    now = at
    act()
  }
  now = until
}

function play (wires) {
  now = 0
  acts = []
  timers = []
  const counts = { once: 0, twice: 0, notes: 0 }
  const peers = Array.from({ length: wires.size }, (_, n) => peer(`p${n}`, wires, counts))
  for (const [ms, again] of timers) after(ms * Math.abs(Math.sin(count++)), again)
  for (const each of peers) {
    for (const { id } of peers) each.ebt.request(id, true)
  }
  for (const [client, server, dialled, delay] of wires.edges) {
    after(dialled, () => connect(peers[client], peers[server], delay))
  }
  for (const [at, author] of wires.publishes) after(at, () => peers[author].publish())
  run(wires.synced_ms)
  const synced = { ...counts }
  run(wires.end_ms)
  const whole = wires.length + wires.publishes.length / wires.size
  const missing = peers.reduce((sum, one) =>
    sum + peers.reduce((s, { id }) => s + whole - (one.log[id] || []).length, 0), 0)
  const live = {}
  for (const what in counts) live[what] = counts[what] - synced[what]
  return { phases: [synced, live], missing }
}

function peer (id, wires, counts) {
  const log = {}
  const seen = new Set()
  const ebt = EBT({
    id,
    getClock (_, cb) { cb(null, {}) },
    setClock () {},
    getAt ({ id, sequence }, cb) { after(wires.read_ms, () => cb(null, log[id][sequence - 1])) },
    append (msg, cb) { after(wires.append_ms, () => add(msg) ? cb(null, msg) : cb(new Error('no'))) }
  })
  function add (msg) {
    const feed = log[msg.author] = log[msg.author] || []
    if (msg.sequence !== feed.length + 1) return false
    feed.push(msg)
    return true
  }
  function write () {
    const msg = { author: id, sequence: (log[id] || []).length + 1, content: {} }
    add(msg)
    return msg
  }
  for (let n = 0; n < wires.length; n++) write()
  ebt.state.clock = wires.length ? { [id]: wires.length } : {}
  return {
    id,
    ebt,
    log,
    publish () { ebt.onAppend(write()) },
    heard (data) {
      if (!data.author) {
        counts.notes += Object.keys(data).length
        return
      }
      const key = `${data.author} ${data.sequence}`
      const again = seen.has(key) || (log[data.author] || []).length >= data.sequence
      counts[again ? 'twice' : 'once']++
      seen.add(key)
    }
  }
}

function connect (client, server, delay) {
  const to = {
    [client.id]: server.ebt.createStream(client.id, 3, false),
    [server.id]: client.ebt.createStream(server.id, 3, true)
  }
  for (const [own, other] of [[client, server], [server, client]]) {
    to[other.id].pipe({
      paused: false,
      write (data) {
        const sent = JSON.parse(JSON.stringify(data))
        after(delay, () => {
          other.heard(sent)
          to[own.id].write(sent)
        })
      },
      end () {}
    })
  }
}

let input = ''
process.stdin.on('data', (chunk) => { input += chunk })
process.stdin.on('end', () => console.log(JSON.stringify(JSON.parse(input).map(play))))
