// Calls one async method and prints what came: node ask.js ENDPOINT METHOD ARGUMENTS-AS-JSON
// Over tcp: node ask.js ENDPOINT METHOD ARGUMENTS-AS-JSON FOLDER-OF-KEYS OUR-NAME SERVICE
'use strict'

const fs = require('node:fs')
const { Remote } = require('./bus')

const [endpoint, method, args, folder, name, asked] = process.argv.slice(2)
const key = file => fs.readFileSync(`${folder}/${file}`, 'utf8').trim()
const keys = folder && {
  curveServerKey: key(`${asked}.pub`), curvePublicKey: key(`${name}.pub`), curveSecretKey: key(`${name}.key`)
}
const service = new Remote(endpoint, {
  keys,
  up: async () => {
    try {
      print({ value: await service.call(method, ...JSON.parse(args)), type: service.manifest[method]?.[0] })
    } catch ({ fault, code, message }) {
      print({ fault, code, message })
    }
    service.close()
  }
})
const print = line => process.stdout.write(JSON.stringify(line) + '\n')
