'use strict'
// The newer stack: ssb-db2, ssb-ebt 9, ssb-friends 5, ssb-conn 6 and the replication scheduler, under the flags of ssb-server.
//   node server.js start -- --path FOLDER --host HOST --port PORT --caps.shs BASE64 [--clients | --purging]
// With --clients also what answers clients' questions there: ssb-threads, and getSubset under its name in go-sbot. Messages are
// then added in the order they come, no two at one time, so that what sorts by times of receipt is the same in each run.
// With --purging there is ssb-friends-purge, and messages are added in the same way.
// What ssb-server calls publish, getVectorClock, createUserStream, add and gossip.connect is there under these names,
// so that the same client drives both.
const fs = require('fs')
const path = require('path')
const pull = require('pull-stream')
const flags = require('minimist')(process.argv.slice(process.argv.indexOf('--') + 1))
const config = require('ssb-config/inject')('ssb', flags)
const { where, author, toPullStream } = require('ssb-db2/operators')

const net = { scope: ['device', 'local', 'private', 'public'], host: flags.host, port: Number(flags.port), transform: 'shs' }
config.connections = { incoming: { net: [net] }, outgoing: { net: [{ transform: 'shs' }] } }
config.conn = { autostart: false, populatePubs: false }

const known = {
  manifest: { publish: 'async', getVectorClock: 'async', createUserStream: 'source', add: 'async' },
  permissions: {},
  init: (ssb) => ({
    publish: (content, cb) => ssb.db.create({ keys: config.keys, content }, cb),
    createUserStream: (wanted) => pull(
      ssb.db.query(where(author(wanted.id, { dedicated: false })), toPullStream()),
      pull.map(({ key, value }) => ({ key, value }))
    )
  })
}
const gossip = {
  name: 'gossip',
  manifest: { connect: 'async' },
  permissions: {},
  init: (ssb) => ({ connect: (address, cb) => ssb.conn.connect(address, {}, (err) => cb(err, true)) })
}

const ssb = require('secret-stack')({ caps: config.caps })
for (const name of ['ssb-master', 'ssb-db2', 'ssb-db2/compat', 'ssb-friends', 'ssb-ebt', 'ssb-blobs', 'ssb-conn', 'ssb-replication-scheduler']) ssb.use(require(name))
if (flags.clients) {
  ssb.use(require('ssb-threads')).use(require('ssb-subset-rpc')).use({
    name: 'partialReplication',
    manifest: { getSubset: 'source' },
    permissions: {},
    init: (ssb) => ({ getSubset: (query, opts) => ssb.getSubset(query, opts) })
  })
}
if (flags.purging) ssb.use(require('ssb-friends-purge'))
const running = ssb.use(known).use(gossip)(config)
if (flags.clients || flags.purging) {
  const now = Date.now
  let last = 0
  Date.now = () => (last = Math.max(now(), last + 0.001))
  let before = Promise.resolve()
  running.add = (value, cb) => {
    before = before.then(() => new Promise((resolve) => {
      running.db.addBatch([value], (err, added) => { cb(err, added && added[0]); resolve() })
    }))
  }
}
fs.writeFileSync(path.join(config.path, 'manifest.json'), JSON.stringify(running.getManifest(), null, 2))
process.removeAllListeners('SIGTERM')
process.on('SIGTERM', () => running.close(() => process.exit(0)))
