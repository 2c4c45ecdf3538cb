// A caller on the bus, written from docs/bus.md alone.
'use strict'

const crypto = require('node:crypto')
const zmq = require('zeromq')
const { encode, decode } = require('@msgpack/msgpack')

const VERSION = 1
const [HELLO, CALL, DATA, END, ERROR, CREDIT, CANCEL, PING, PONG] = [1, 2, 3, 4, 5, 6, 7, 8, 9]
const WINDOW = 1 << 20
const BODY_COST = 16
const [HELLO_MS, PING_MS, SILENCE_MS, DEADLINE_MS] = [1000, 2000, 10000, 30000]

class BusError extends Error {
  constructor ({ fault, code, message }) {
    super(message)
    Object.assign(this, { fault, code })
  }
}

const unavailable = why => new BusError({ fault: 'ours', code: 'unavailable', message: why })

// One service, connected again for ever. `up` and `down` are called as it comes and goes; `keys` are the CURVE
// options of its socket.
class Remote {
  constructor (endpoint, { up = () => {}, down = () => {}, keys = {} } = {}) {
    Object.assign(this, { endpoint, up, down, keys, incarnation: null, manifest: null, closed: false })
    this.own = crypto.randomBytes(8)
    this.calls = new Map()
    this.lastCall = 0
    this.timer = setInterval(() => this.tick(), 500)
    this.open()
  }

  open () {
    const socket = this.socket = new zmq.Dealer({
      immediate: true, linger: 0, sendHighWaterMark: 0, receiveHighWaterMark: 0, sendTimeout: 0, ...this.keys
    })
    this.outgoing = []
    this.heard = this.sent = this.greeted = Date.now()
    socket.events.on('handshake', () => this.hello())
    socket.events.on('disconnect', () => this.lose(socket, 'the connection has ended'))
    socket.connect(this.endpoint)
    this.read(socket)
  }

  close () {
    this.closed = true
    clearInterval(this.timer)
    this.lose(this.socket, 'closed')
  }

  async read (socket) {
    try {
      for await (const frames of socket) this.take(frames)
    } catch (error) {
      if (socket === this.socket) this.lose(socket, error.message)
    }
  }

  lose (socket, why) {
    if (socket !== this.socket) return
    this.socket = null
    socket.close()
    const calls = [...this.calls.values()]
    this.calls.clear()
    const wasUp = this.incarnation !== null
    this.incarnation = this.manifest = null
    for (const call of calls) call.fail(unavailable(why))
    if (wasUp) this.down(why)
    if (!this.closed) setTimeout(() => this.closed || this.open(), 50)
  }

  tick () {
    const now = Date.now()
    if (!this.socket) return
    if (this.incarnation === null) {
      if (now - this.greeted >= HELLO_MS) this.hello()
    } else if (now - this.heard >= SILENCE_MS) {
      this.lose(this.socket, 'was silent for too long')
    } else if (now - this.sent >= PING_MS) {
      this.send(PING)
    }
  }

  hello () {
    this.greeted = Date.now()
    this.send(HELLO, 0, '', { incarnation: this.own })
  }

  // A socket of npm's zeromq takes one message at a time.
  send (kind, call = 0, method = '', options = {}, bodies = []) {
    const header = encode([VERSION, kind, call, method, options, bodies.map(body => body.length)])
    this.outgoing.push(bodies.length ? [header, Buffer.concat(bodies)] : [header])
    this.sent = Date.now()
    if (this.outgoing.length === 1) this.flush(this.socket)
  }

  async flush (socket) {
    const outgoing = this.outgoing
    while (outgoing.length && socket === this.socket) {
      try {
        await socket.send(outgoing[0])
      } catch (error) {
        if (this.incarnation !== null) this.lose(socket, error.message) // nobody there before: hello comes again
      }
      outgoing.shift()
    }
  }

  take ([head, block = Buffer.alloc(0)]) {
    this.heard = Date.now()
    const [version, kind, id, , options, sizes] = decode(head)
    if (version !== VERSION) return
    if (id !== 0) {
      const call = this.calls.get(id)
      let at = 0
      const bodies = sizes.map(size => block.subarray(at, at += size))
      if (call) call.take(kind, options, bodies)
    } else if (kind === HELLO) {
      this.met(options)
    } else if (kind === PING) {
      this.send(PONG, 0, '', { incarnation: this.own })
    } else if (kind === PONG && !this.isKnown(options.incarnation)) {
      this.hello()
    }
  }

  isKnown (incarnation) {
    return this.incarnation !== null && Buffer.compare(Buffer.from(incarnation), this.incarnation) === 0
  }

  met ({ incarnation, manifest }) {
    if (this.isKnown(incarnation)) return
    if (this.incarnation !== null) return this.lose(this.socket, 'has been restarted')
    this.incarnation = Buffer.from(incarnation)
    this.manifest = manifest
    this.up()
  }

  start (method, type, args, options, call) {
    if (this.incarnation === null) throw unavailable('the service is not available')
    const id = ++this.lastCall
    this.calls.set(id, call)
    this.send(CALL, id, method, { type, incarnation: this.incarnation, ...options }, [Buffer.from(JSON.stringify(args))])
    return id
  }

  // The value of an async method.
  call (method, ...args) {
    return new Promise((resolve, reject) => {
      let id = 0
      const over = settle => value => {
        clearTimeout(timer)
        this.calls.delete(id)
        settle(value)
      }
      const done = over(resolve)
      const fail = over(reject)
      const timer = setTimeout(() => {
        if (this.socket) this.send(CANCEL, id)
        fail(new BusError({ fault: 'ours', code: 'deadline', message: `${method} took too long` }))
      }, DEADLINE_MS)
      const take = (kind, options, bodies) => {
        if (kind === END) done(bodies.length ? JSON.parse(bodies[0]) : undefined)
        else if (kind === ERROR) fail(new BusError(options))
      }
      try {
        id = this.start(method, 'async', args, { deadline_ms: DEADLINE_MS }, { take, fail })
      } catch (error) {
        fail(error)
      }
    })
  }

  // The batches of a source: { bodies, position }. Credit is granted as they are consumed.
  async * source (method, args, window = WINDOW) {
    const batches = []
    let wake = () => {}
    let ended = false
    let failure = null
    const fail = error => { ended = true; failure = error; wake() }
    const take = (kind, options, bodies) => {
      if (kind === DATA) batches.push({ bodies, position: options.position })
      else if (kind === END) ended = true
      else if (kind === ERROR) return fail(new BusError(options))
      wake()
    }
    const id = this.start(method, 'source', args, { window }, { take, fail })
    let consumed = 0
    try {
      while (true) {
        while (batches.length) {
          const batch = batches.shift()
          yield batch
          consumed += batch.bodies.reduce((sum, body) => sum + body.length + BODY_COST, 0)
          if (consumed * 2 >= window && !ended) {
            this.send(CREDIT, id, '', { bytes: consumed })
            consumed = 0
          }
        }
        if (failure) throw failure
        if (ended) return
        await new Promise(resolve => { wake = resolve })
      }
    } finally {
      this.calls.delete(id)
      if (!ended && this.socket) this.send(CANCEL, id)
    }
  }
}

module.exports = { Remote, BusError }
