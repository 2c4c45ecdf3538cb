'use strict'
// Hops as layered-graph (which ssb-friends asks) computes them. One JSON question a line on stdin, one answer a line on stdout:
//   {"edges": [[source, dest, value], ...], "later": [[source, dest, value], ...], "start", "max", "asks": [{start, max, reverse}, ...]}
//   -> {"loaded": hops, "kept": hops after `later` came edge by edge, "anew": hops of all edges loaded at once,
//       "told": what hopStream told of `later`, merged, "answers": getHops of all edges for each of `asks`}
const readline = require('readline')
const pull = require('pull-stream')
const LayeredGraph = require('layered-graph')

const nested = (edges) => {
  const graph = {}
  for (const [source, dest, value] of edges) (graph[source] = graph[source] || {})[dest] = value
  return graph
}

readline.createInterface({ input: process.stdin }).on('line', (line) => {
  const q = JSON.parse(line)
  const kept = LayeredGraph({ start: q.start, max: q.max })
  const put = kept.createLayer('contacts')
  put(nested(q.edges))
  const loaded = Object.assign({}, kept.getHops())
  const told = {}
  pull(kept.hopStream({ live: true, old: false }), pull.drain((hops) => Object.assign(told, hops)))
  for (const edge of q.later) put(...edge)
  const fresh = LayeredGraph({ start: q.start, max: q.max })
  fresh.createLayer('contacts')(nested(q.edges.concat(q.later)))
  const answers = q.asks.map((ask) => fresh.getHops(ask))
  process.stdout.write(JSON.stringify({ loaded, kept: kept.getHops(), anew: fresh.getHops(), told, answers }) + '\n')
})
