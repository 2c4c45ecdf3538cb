'use strict'
// The newer stack with ssb-box2 and ssb-tribes, under the flags of ssb-server and the names that its clients know.
//   node server.js start -- --path FOLDER --host HOST --port PORT --caps.shs BASE64
// Beside these: tribesPublish, which ssb-tribes offers only within its process, and opened, all envelopes that it could open.
const fs = require('fs')
const path = require('path')
const pull = require('pull-stream')
const flags = require('minimist')(process.argv.slice(process.argv.indexOf('--') + 1))
const config = require('ssb-config/inject')('ssb', flags)
const { where, author, isDecrypted, toPullStream } = require('ssb-db2/operators')

const net = { scope: ['device', 'local', 'private', 'public'], host: flags.host, port: Number(flags.port), transform: 'shs' }
config.connections = { incoming: { net: [net] }, outgoing: { net: [{ transform: 'shs' }] } }
config.conn = { autostart: false, populatePubs: false }
config.box2 = { legacyMode: true }

const asStream = (ssb, operator) => pull(
  ssb.db.query(where(operator), toPullStream()),
  pull.map(({ key, value }) => ({ key, value }))
)
const known = {
  manifest: {
    publish: 'async', getVectorClock: 'async', add: 'async', tribesPublish: 'async', createUserStream: 'source', opened: 'source'
  },
  permissions: {},
  init: (ssb) => ({
    publish: (content, cb) => ssb.db.create({ keys: config.keys, content }, cb),
    tribesPublish: (content, cb) => ssb.tribes.publish(content, cb),
    createUserStream: (wanted) => asStream(ssb, author(wanted.id, { dedicated: false })),
    opened: () => asStream(ssb, isDecrypted('box2'))
  })
}
const gossip = {
  name: 'gossip',
  manifest: { connect: 'async' },
  permissions: {},
  init: (ssb) => ({ connect: (address, cb) => ssb.conn.connect(address, {}, (err) => cb(err, true)) })
}

// ssb-db2 as a whole would bring an older ssb-box2.
const plugins = [
  'ssb-master', 'ssb-db2/core', 'ssb-classic', 'ssb-db2/compat', 'ssb-db2/compat/feedstate', 'ssb-friends', 'ssb-ebt', 'ssb-conn',
  'ssb-replication-scheduler', 'ssb-box2', 'ssb-tribes'
]
const ssb = require('secret-stack')({ caps: config.caps })
for (const name of plugins) ssb.use(require(name))
const running = ssb.use(known).use(gossip)(config)
fs.writeFileSync(path.join(config.path, 'manifest.json'), JSON.stringify(running.getManifest(), null, 2))
process.removeAllListeners('SIGTERM')
process.on('SIGTERM', () => running.close(() => process.exit(0)))
