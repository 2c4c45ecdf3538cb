// Follows the log and keeps what it derived with its position: node follow.js FOLDER-OF-THE-BUS STATE-FILE
//
// The state is a file of lines, `POSITION KEY`, one a record: appended in one write a batch. A last line that was
// not written whole is cut off at the next start.
'use strict'

const fs = require('node:fs')
const { Remote } = require('./bus')

const [folder, file] = process.argv.slice(2)
const WINDOW = 50000 // small, so that credit flows
const RECORD = { keyAt: 1, keyEnd: 33 }

function load () {
  const text = fs.existsSync(file) ? fs.readFileSync(file, 'utf8') : ''
  const whole = text.slice(0, text.lastIndexOf('\n') + 1)
  fs.writeFileSync(file, whole)
  return whole ? Number(whole.trimEnd().split('\n').pop().split(' ')[0]) : 0
}

function keep (batch) {
  const first = batch.position - batch.bodies.length + 1 // positions of the log are dense
  fs.appendFileSync(file, batch.bodies.map((body, n) =>
    `${first + n} %${body.subarray(RECORD.keyAt, RECORD.keyEnd).toString('base64')}.sha256\n`).join(''))
  return batch.position
}

let position = load()

async function follow () {
  try {
    say({ up: (await storage.call('log.position')).position })
    for await (const batch of storage.source('log.read', [{ after: position, live: true, limit: -1 }], WINDOW)) {
      position = keep(batch)
    }
  } catch (error) {
    say({ error: error.code || error.stack }) // when it is up again, `follow` is called again
  }
}

const say = line => process.stdout.write(JSON.stringify(line) + '\n')
const storage = new Remote(`ipc://${folder}/storage`, { up: follow })
