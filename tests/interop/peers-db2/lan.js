'use strict'
// ssb-lan alone: calls out on the local network, and says whom it hears, one JSON line each.
//   node lan.js '{"path": FOLDER, "shs": BASE64, "host": HOST, "port": N}'
const pull = require('pull-stream')
const given = JSON.parse(process.argv[2])
const keys = require('ssb-keys').loadOrCreateSync(given.path + '/secret')
const caps = { shs: given.shs }
const net = { scope: ['device', 'local', 'private'], host: given.host, port: given.port, transform: 'shs' }
const config = { path: given.path, keys, caps, connections: { incoming: { net: [net] }, outgoing: { net: [{ transform: 'shs' }] } } }
const ssb = require('secret-stack')({ caps }).use(require('ssb-lan'))(config)
process.stdout.write(JSON.stringify({ id: ssb.id }) + '\n')
pull(ssb.lan.discoveredPeers(), pull.drain((found) => process.stdout.write(JSON.stringify(found) + '\n')))
ssb.keys = keys
ssb.lan.start()
process.removeAllListeners('SIGTERM')
process.on('SIGTERM', () => process.exit(0))
