'use strict'
// Loaded before Oasis (node --require): its own server is not started, so that it connects to the socket in ~/.ssb as it
// does beside any server; and nothing outside this machine is looked up.
const Module = require('module')
const dns = require('dns')
const path = require('path')

const load = Module._load
Module._load = function (request, parent, isMain) {
  if (/(^|\/)SSB_server(\.js)?$/.test(request) && parent) {
    const folder = path.dirname(path.resolve(path.dirname(parent.filename), request))
    return { config: load(path.join(folder, 'ssb_config'), parent, false) }
  }
  return load.apply(this, arguments)
}

const lookup = dns.lookup
const isHere = (host) => !host || host === 'localhost' || host === '::1' || /^127\./.test(host)
dns.lookup = function (host, ...rest) {
  if (isHere(host)) return lookup.call(dns, host, ...rest)
  const err = Object.assign(new Error('getaddrinfo ENOTFOUND ' + host), { code: 'ENOTFOUND', hostname: host })
  setImmediate(rest[rest.length - 1], err)
}
