'use strict'
// ssb-server 16 with the plugins of its own `start` command and those of npm that answer clients' questions.
//   node server.js start -- --path FOLDER --host HOST --port PORT --caps.shs BASE64
// What would end the process is written to the log, and the call that did it stays without an answer.
const fs = require('fs')
const path = require('path')

// ssb-suggest looks after 3, 5 and 10 s at what is followed, at new abouts and at who wrote lately; here as soon as the views
// have caught up, however long a busy machine takes: what it saw before it never corrects.
let running = null
const later = global.setTimeout
const caughtUp = (then) => running && running.status().sync.sync ? then() : later(caughtUp, 20, then)
global.setTimeout = (fn, ms, ...args) => new Error().stack.includes('/ssb-suggest/')
  ? caughtUp(() => later(fn, ms / 50, ...args))
  : later(fn, ms, ...args)

const config = require('ssb-config/inject')('ssb', require('minimist')(process.argv.slice(process.argv.indexOf('--') + 1)))
const bundled = ['private1', 'onion', 'unix-socket', 'no-auth', 'plugins', 'master', 'gossip', 'replicate', 'friends', 'blobs', 'invite', 'local', 'logging', 'query', 'links', 'ws', 'ebt', 'ooo']
const fromNpm = ['backlinks', 'about', 'search', 'private', 'tangle', 'meme', 'suggest', 'names', 'partial-replication']
const server = require('ssb-server')
for (const name of [...bundled, ...fromNpm]) server.use(require('ssb-' + name))
process.removeAllListeners('SIGTERM')
process.removeAllListeners('SIGINT')
process.on('uncaughtException', (err) => process.stderr.write('UNCAUGHT ' + ((err && err.stack) || err) + '\n'))
running = server(config)
fs.writeFileSync(path.join(config.path, 'manifest.json'), JSON.stringify(running.getManifest(), null, 2))

// A source that throws while it is read would leave its connection dead: it ends with what was thrown instead.
const kinds = running.getManifest()
const guard = (api, kind) => Object.keys(kind).forEach((name) => {
  if (typeof kind[name] === 'object') return guard(api[name], kind[name])
  if (kind[name] !== 'source' || !api[name]) return
  const make = api[name]
  api[name] = function (...args) {
    const source = make.apply(this, args)
    return (abort, cb) => {
      try { source(abort, cb) } catch (err) { cb(new Error('UNCAUGHT ' + err.message)) }
    }
  }
})
guard(running, kinds)
