// What the first page of the guide shows.
import { execFileSync } from 'node:child_process'
import * as Y from 'ropewalk'
import * as Yjs from 'yjs'
import { describe, expect, test } from 'vitest'

const dist = new URL('../../../build/npm/ropewalk/dist/', import.meta.url)

describe('a document', () => {
  test('tells its edits to another one, of either library', () => {
    const doc = new Y.Doc()
    const theirs = new Yjs.Doc()
    doc.on('update', (update) => Yjs.applyUpdate(theirs, update))
    theirs.on('update', (update, origin) => origin !== doc && Y.applyUpdate(doc, update))
    const letter = doc.getText('letter')
    letter.insert(0, 'Dear Sir')
    theirs.getText('letter').insert(8, ' or Madam')
    expect(letter.toString()).toBe('Dear Sir or Madam')
    expect(theirs.getText('letter').toString()).toBe('Dear Sir or Madam')
  })

  test('tells observers what changed', () => {
    const doc = new Y.Doc()
    const list = doc.getArray<unknown>('list')
    const told: unknown[] = []
    list.observeDeep((events, transaction) => {
      for (const event of events) told.push([event.path, event.delta, [...event.keys], transaction.origin])
    })
    doc.transact(() => list.push([1, new Y.Map([['done', false]])]), 'me')
    ;(list.get(1) as Y.Map<boolean>).set('done', true)
    expect(told).toEqual([
      [[], [{ insert: [1, list.get(1)] }], [], 'me'],
      [[1], [], [['done', { action: 'update', oldValue: false }]], null]
    ])
  })

  test('refuses broken updates with a code and a place', () => {
    const doc = new Y.Doc()
    const update = new Uint8Array([1, 1, 5, 0, 4, 1])
    expect(() => Y.applyUpdate(doc, update)).toThrow(
      expect.objectContaining({ code: 'unexpected_end', offset: 6 })
    )
    expect(Y.encodeStateAsUpdate(doc)).toEqual(new Uint8Array([0, 0]))
  })
})

describe('the package', () => {
  const run = (program: string): string =>
    execFileSync(process.execPath, ['--input-type=module', '-e', program], { encoding: 'utf8' })

  test('is one instance however Node loads it', () => {
    expect(
      run(`import { createRequire } from 'node:module'
        import { Doc } from ${JSON.stringify(new URL('node.mjs', dist).href)}
        const required = createRequire(${JSON.stringify(dist.href)})('./ropewalk.cjs')
        console.log(Doc === required.Doc)`)
    ).toBe('true\n')
  })

  test.each(['ropewalk.mjs', 'slim.mjs'])('runs by itself from %s', (file) => {
    const output = run(`import * as Y from ${JSON.stringify(new URL(file, dist).href)}
      const doc = new Y.Doc()
      doc.getText('t').insert(0, 'hi')
      console.log(doc.getText('t').toString())`)
    expect(output).toBe('hi\n')
  })
})
