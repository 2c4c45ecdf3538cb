// Calls one async method and prints what came: node ask.js ENDPOINT METHOD ARGUMENTS-AS-JSON
'use strict'

const { Remote } = require('./bus')

const [endpoint, method, args] = process.argv.slice(2)
const service = new Remote(endpoint, {
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
