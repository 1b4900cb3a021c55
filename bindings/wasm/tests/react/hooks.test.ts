// @vitest-environment jsdom
// The hooks, on ropewalk and on Yjs, with every render counted.
import { act, cleanup, render, renderHook } from '@testing-library/react'
import { createElement, memo, StrictMode } from 'react'
import * as ropewalk from 'ropewalk'
import { WebsocketProvider } from 'ropewalk/provider'
import { afterEach, describe, expect, test } from 'vitest'
import { Awareness } from 'y-protocols/awareness'
import * as yjs from 'yjs'
import {
  useArray,
  useAwareness,
  useConnection,
  useMap,
  useText,
  useUndo
} from '../../src/react/index.js'

afterEach(cleanup)

/** Renders a hook; `values` are what it answered, one for each render. */
function counted<T>(hook: () => T) {
  const values: T[] = []
  const { unmount, rerender } = renderHook(() => {
    values.push(hook())
  })
  return { values, unmount, rerender, last: () => values[values.length - 1] }
}

for (const [name, Y] of [
  ['ropewalk', ropewalk],
  ['yjs', yjs as unknown as typeof ropewalk]
] as const) {
  describe(name, () => {
    test('useText renders once a transaction, and not for what is elsewhere', () => {
      const doc = new Y.Doc()
      const text = doc.getText('t')
      text.insert(0, 'one')
      const { values } = counted(() => useText(text))
      expect(values).toEqual(['one'])
      act(() =>
        doc.transact(() => {
          text.insert(3, ' two')
          text.delete(0, 4)
        })
      )
      expect(values).toEqual(['one', 'two'])
      act(() => doc.getMap('m').set('k', 1))
      act(() => text.format(0, 3, { bold: true }))
      expect(values.length).toBe(2)
    })

    test('useText with a selector sees formats', () => {
      const doc = new Y.Doc()
      const text = doc.getText('t')
      text.insert(0, 'bold')
      const { values, last } = counted(() => useText(text, (text) => text.toDelta()))
      act(() => text.format(0, 4, { bold: true }))
      expect(last()).toEqual([{ insert: 'bold', attributes: { bold: true } }])
      expect(values.length).toBe(2)
    })

    test('useMap: what did not change stays the same object', () => {
      const doc = new Y.Doc()
      const map = doc.getMap<any>('m')
      map.set('a', new Y.Map([['n', 1]]))
      map.set('b', new Y.Map([['n', 2]]))
      map.set('list', new Y.Array())
      map.set('plain', { deep: [1] })
      const { values, last } = counted(() => useMap(map))
      act(() => map.get('a').set('n', 3))
      expect(values.length).toBe(2)
      expect(last()).toEqual({ a: { n: 3 }, b: { n: 2 }, list: [], plain: { deep: [1] } })
      expect(last().a).not.toBe(values[0].a)
      expect(last().b).toBe(values[0].b)
      expect(last().list).toBe(values[0].list)
      expect(last().plain).toBe(values[0].plain)
      act(() => map.set('b', new Y.Map([['n', 2]])))
      // Another type, the same content.
      expect(last().b).toBe(values[0].b)
      expect(values.length).toBe(2)
    })

    test('useMap with a selector renders only for what it selects', () => {
      const doc = new Y.Doc()
      const map = doc.getMap<any>('m')
      map.set('title', 'x')
      const { values } = counted(() => useMap(map, (map) => map.title))
      act(() => map.set('other', 1))
      expect(values).toEqual(['x'])
      act(() => map.set('title', 'y'))
      expect(values).toEqual(['x', 'y'])
      const made = counted(() => useMap(map, (map) => ({ title: map.title, size: [1, 2] })))
      act(() => map.set('other', 2))
      made.rerender()
      expect(made.values.length).toBe(2)
      expect(made.values[1]).toBe(made.values[0])
    })

    test('useArray: one row renders when one row changes', () => {
      const doc = new Y.Doc()
      const todos = doc.getArray<ropewalk.Map<any>>('todos')
      todos.push([1, 2, 3].map((n) => new Y.Map<any>([['title', `todo ${n}`], ['done', false]])))
      const renders: string[] = []
      const Row = memo(({ todo }: { todo: { title: string; done: boolean } }) => {
        renders.push(`${todo.title} ${todo.done}`)
        return createElement('li', null, todo.title)
      })
      const List = () => {
        renders.push('list')
        const rows = useArray(todos) as any[]
        return createElement('ul', null, rows.map((todo, i) => createElement(Row, { key: i, todo })))
      }
      const { container } = render(createElement(List))
      expect(renders).toEqual(['list', 'todo 1 false', 'todo 2 false', 'todo 3 false'])
      renders.length = 0
      act(() => todos.get(1).set('done', true))
      expect(renders).toEqual(['list', 'todo 2 true'])
      renders.length = 0
      act(() => todos.push([new Y.Map<any>([['title', 'todo 4'], ['done', false]])]))
      expect(renders).toEqual(['list', 'todo 4 false'])
      expect(container.textContent).toBe('todo 1todo 2todo 3todo 4')
    })

    test('many readers of one type, and none once they are gone', () => {
      const doc = new Y.Doc()
      const list = doc.getArray<number>('l')
      const first = counted(() => useArray(list))
      const second = counted(() => useArray(list, (list) => list.length))
      act(() => list.push([1]))
      expect(first.last()).toEqual([1])
      expect(second.last()).toBe(1)
      first.unmount()
      act(() => list.push([2]))
      expect(second.last()).toBe(2)
      second.unmount()
      act(() => list.push([3]))
      expect(first.values.length).toBe(2)
      const third = counted(() => useArray(list))
      expect(third.values).toEqual([[1, 2, 3]])
    })

    test('updates from others, text and XML in maps, keys that are data', () => {
      const doc = new Y.Doc()
      const map = doc.getMap<any>('m')
      const { last } = counted(() => useMap(map))
      const other = new Y.Doc()
      other.getMap<any>('m').set('text', new Y.Text('words'))
      other.getMap<any>('m').set('xml', new Y.XmlElement('p'))
      other.getMap<any>('m').set('__proto__', 'data')
      act(() => Y.applyUpdate(doc, Y.encodeStateAsUpdate(other)))
      expect(Object.entries(last()).sort()).toEqual([
        ['__proto__', 'data'],
        ['text', 'words'],
        ['xml', '<p></p>']
      ])
      act(() => (map.get('text') as ropewalk.Text).insert(0, 'more '))
      expect(last().text).toBe('more words')
    })

    test('a change between render and subscription is seen; strict mode', () => {
      const doc = new Y.Doc()
      const map = doc.getMap<any>('m')
      map.set('n', 0)
      const seen: number[] = []
      const Reader = () => {
        const n = useMap(map, (map) => map.n) as number
        seen.push(n)
        // In the middle of rendering, before anybody subscribes.
        if (n === 0) map.set('n', 1)
        return null
      }
      render(createElement(StrictMode, null, createElement(Reader)))
      expect(seen[seen.length - 1]).toBe(1)
    })

    test('unmounting after the document was destroyed', () => {
      const doc = new Y.Doc()
      const text = doc.getText('t')
      const map = doc.getMap('m')
      const one = counted(() => useText(text))
      const two = counted(() => useMap(map))
      doc.destroy()
      one.unmount()
      two.unmount()
    })

    test('useUndo', () => {
      const doc = new Y.Doc()
      const text = doc.getText('t')
      const manager = new Y.UndoManager(text, { captureTimeout: 0 })
      const { values, last } = counted(() => useUndo(manager))
      expect(last()).toMatchObject({ canUndo: false, canRedo: false })
      act(() => text.insert(0, 'a'))
      expect(last()).toMatchObject({ canUndo: true, canRedo: false })
      act(() => text.insert(1, 'b'))
      expect(values.length).toBe(2)
      act(() => last().undo())
      expect(last()).toMatchObject({ canUndo: true, canRedo: true })
      act(() => last().undo())
      expect(last()).toMatchObject({ canUndo: false, canRedo: true })
      act(() => last().redo())
      act(() => last().redo())
      expect(text.toString()).toBe('ab')
      act(() => manager.clear())
      expect(last()).toMatchObject({ canUndo: false, canRedo: false })
      expect(last().undo).toBe(values[0].undo)
    })

    test('useAwareness', () => {
      const doc = new Y.Doc()
      const awareness = new Awareness(doc as never)
      const all = counted(() => useAwareness(awareness))
      const names = counted(() =>
        useAwareness(awareness, (states) => [...states.values()].map(({ name }) => name))
      )
      act(() => awareness.setLocalStateField('name', 'Ann'))
      expect(names.last()).toEqual(['Ann'])
      const renders = names.values.length
      act(() => awareness.setLocalStateField('cursor', { at: 4 }))
      act(() => awareness.setLocalStateField('cursor', { at: 5 }))
      expect(names.values.length).toBe(renders)
      expect(all.last().get(doc.clientID)).toEqual({ name: 'Ann', cursor: { at: 5 } })
      const before = all.values.length
      act(() => awareness.setLocalStateField('cursor', { at: 5 }))
      expect(all.values.length).toBe(before)
      awareness.destroy()
    })
  })
}

test('useConnection follows a provider like y-websocket', () => {
  const listeners = new Map<string, Set<(...args: any[]) => void>>()
  const provider = {
    wsconnected: false,
    wsconnecting: false,
    synced: false,
    on: (name: string, listener: () => void) =>
      listeners.set(name, (listeners.get(name) ?? new Set()).add(listener)),
    off: (name: string, listener: () => void) => listeners.get(name)?.delete(listener),
    tell: (name: string) => listeners.get(name)?.forEach((listener) => listener())
  }
  const { values, last, unmount } = counted(() => useConnection(provider))
  expect(last()).toEqual({ status: 'disconnected', synced: false })
  provider.wsconnecting = true
  act(() => provider.tell('status'))
  expect(last().status).toBe('connecting')
  provider.wsconnecting = false
  provider.wsconnected = true
  act(() => provider.tell('status'))
  provider.synced = true
  act(() => provider.tell('sync'))
  act(() => provider.tell('sync'))
  expect(last()).toEqual({ status: 'connected', synced: true })
  expect(values.length).toBe(4)
  unmount()
  expect([...listeners.values()].every((set) => set.size === 0)).toBe(true)
})

test('useConnection has what a provider of ropewalk/provider knows beyond that', () => {
  const doc = new ropewalk.Doc()
  class Socket {
    close() {}
  }
  const provider = new WebsocketProvider('ws://nowhere', 'room', doc, {
    WebSocketPolyfill: Socket as any,
    storage: null,
    disableBc: true,
    connect: false
  })
  const { values, last } = counted(() => useConnection(provider))
  const away = { status: 'disconnected', synced: false, state: 'offline', unsent: 0, lastError: null }
  expect(last()).toEqual(away)
  act(() => void doc.getText('t').insert(0, 'x'))
  expect(last()).toEqual({ ...away, unsent: 1 })
  act(() => provider.troubled({ code: 4403, message: 'no right to this document' }))
  expect(last()).toEqual({ ...away, unsent: 1, lastError: { code: 4403, message: 'no right to this document' } })
  expect(values.length).toBe(3)
  provider.destroy()
})
