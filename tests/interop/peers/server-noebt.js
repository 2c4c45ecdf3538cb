'use strict'
// ssb-server 16 with the plugins of its own `start` command, less ssb-ebt: a peer that only knows createHistoryStream.
const config = require('ssb-config/inject')('ssb', require('minimist')(process.argv.slice(process.argv.indexOf('--') + 1)))
const server = require('ssb-server')
const plugins = ['private1', 'onion', 'unix-socket', 'no-auth', 'plugins', 'master', 'gossip', 'replicate', 'friends', 'blobs', 'invite', 'local', 'logging', 'query', 'links', 'ws', 'ooo']
for (const name of plugins) server.use(require('ssb-' + name))
process.removeAllListeners('SIGTERM')
process.removeAllListeners('SIGINT')
const running = server(config)
require('fs').writeFileSync(require('path').join(config.path, 'manifest.json'), JSON.stringify(running.getManifest(), null, 2))
