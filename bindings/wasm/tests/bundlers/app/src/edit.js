// The smallest whole use: two documents, edits on both, an update each way.
import * as Y from 'ropewalk'
import { connected } from './connected.js'
import { stored } from './stored.js'

export function edit() {
  const one = new Y.Doc()
  const two = new Y.Doc()
  one.getText('t').insert(0, 'made ')
  Y.applyUpdate(two, Y.encodeStateAsUpdate(one))
  two.getText('t').insert(5, 'here')
  two.getMap('m').set('k', { deep: [1, 'ü', null] })
  Y.applyUpdate(one, Y.encodeStateAsUpdate(two, Y.encodeStateVector(one)))
  return JSON.stringify([one.getText('t').toString(), one.getMap('m').toJSON(), connected(new Y.Doc()), stored(one)])
}
