// The steps of undo managers: um.*
import * as Y from 'yjs'
import { fromDeletes, toJs } from './values.mjs'

export class UndoSteps {
  names = /^um\./
  #managers = new Map()

  constructor(script) {
    this.script = script
  }

  run(step, expect) {
    if (step.do === 'um.new') this.#managers.set(step.um, this.#make(step))
    const manager = this.#managers.get(step.um)
    switch (step.do) {
      case 'um.undo':
      case 'um.redo': {
        const item = step.do === 'um.undo' ? manager.undo() : manager.redo()
        if ('changed' in expect) this.script.check('changed', expect.changed, item !== null)
        break
      }
      case 'um.stop':
        manager.stopCapturing()
        break
      case 'um.clear':
        manager.clear(step.undo ?? true, step.redo ?? true)
        break
      case 'um.scope':
        manager.addToScope(this.#types(step))
    }
    this.#compareStacks(manager, expect)
  }

  #types({ doc, scope }) {
    const replica = this.script.replica(doc)
    return scope.map(path => replica.find(path))
  }

  #make(step) {
    const { captureTimeout, trackedOrigins, ignoreRemoteMapChanges } = step
    return new Y.UndoManager(step.scope ? this.#types(step) : this.script.replica(step.doc).doc, {
      captureTimeout: toJs(captureTimeout),
      ...(trackedOrigins && { trackedOrigins: new Set(trackedOrigins) }),
      ...(ignoreRemoteMapChanges !== undefined && { ignoreRemoteMapChanges }),
    })
  }

  #compareStacks({ undoStack, redoStack }, expect) {
    const top = undoStack.at(-1)
    const got = {
      undoStack: undoStack.length,
      redoStack: redoStack.length,
      ...(top && { top: { insertions: fromDeletes(top.insertions), deletions: fromDeletes(top.deletions) } }),
    }
    for (const [part, value] of Object.entries(got)) {
      if (part in expect) this.script.check(part, expect[part], value)
    }
  }
}
