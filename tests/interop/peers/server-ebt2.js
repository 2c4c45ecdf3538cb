'use strict'
// ssb-server 16 whose ssb-ebt asks for version 2 of the protocol when it dials, as those before it did. It answers 2 and 3.
const Module = require('module')
const compile = Module.prototype._compile
let changed = false
Module.prototype._compile = function (code, file) {
  if (file.endsWith('/node_modules/ssb-ebt/index.js')) {
    changed = code.includes('var opts = {version: 3}')
    code = code.replace('var opts = {version: 3}', 'var opts = {version: 2}')
  }
  return compile.call(this, code, file)
}
require('ssb-server/bin.js')
if (!changed) throw new Error('another ssb-ebt than 5.6.7')
