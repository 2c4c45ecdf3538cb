'use strict'
// Questions and answers as gossip-query (which ssb-ooo asks) passes them on. One JSON trace a line on stdin, one answer a line on stdout:
//   {"stored": [keys], "events": [["join", peer], ["want", key], ["hear", peer, {key: number or "message"}], ...]}
//   -> [[[peer, key, number or "message"], ...], ...]  what was sent to whom after each event
const readline = require('readline')
const GossipQuery = require('gossip-query')

readline.createInterface({ input: process.stdin }).on('line', (line) => {
  const trace = JSON.parse(line)
  const peers = {}
  let sent = []
  const gq = GossipQuery({
    isQuery: (key) => key[0] === '%',
    isRequest: (n) => Number.isInteger(n) && n < 0,
    isResponse: (o) => o === 'message',
    check: (key, cb) => cb(null, trace.stored.includes(key) ? 'message' : null),
    process: (key, message, cb) => cb(null, message)
  })
  const events = {
    join (peer) {
      const stream = gq.createStream(peer)
      const more = (end, map) => {
        for (const key in map) sent.push([peer, key, map[key]])
        stream.source(null, more)
      }
      stream.sink((end, cb) => { peers[peer] = (map) => cb(null, map) })
      stream.source(null, more)
    },
    want: (key) => gq.query(key, () => {}),
    hear: (peer, map) => peers[peer](map)
  }
  const out = trace.events.map(([name, ...args]) => {
    sent = []
    events[name](...args)
    return sent
  })
  process.stdout.write(JSON.stringify(out) + '\n')
})
