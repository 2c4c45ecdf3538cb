'use strict'
// Random choices that a seed repeats (mulberry32).
exports.mulberry = function (state) {
  const next = () => {
    state = (state + 0x6d2b79f5) | 0
    let t = Math.imul(state ^ (state >>> 15), 1 | state)
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t
    return ((t ^ (t >>> 14)) >>> 0) / 4294967296
  }
  const below = (n) => Math.floor(next() * n)
  const chance = (p) => next() < p
  const pick = (list) => list[below(list.length)]
  const many = (most, make) => Array.from({ length: below(most + 1) }, make)
  return { below, chance, pick, many }
}
