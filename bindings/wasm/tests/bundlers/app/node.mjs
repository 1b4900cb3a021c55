// In Node, `import` and `require` give one and the same module, and a worker thread has its own.
import { equal } from 'node:assert/strict'
import { createRequire } from 'node:module'
import { Worker, isMainThread, parentPort } from 'node:worker_threads'
import * as Y from 'ropewalk'
import { edit } from './src/edit.js'

if (!isMainThread) {
  parentPort.postMessage(edit())
} else {
  const required = createRequire(import.meta.url)('ropewalk')
  const imported = Object.keys(Y).filter((name) => name !== 'default' && name !== 'module.exports')
  for (const name of imported) equal(required[name], Y[name], name)
  const worker = new Worker(new URL(import.meta.url))
  worker.once('message', (fromWorker) => {
    console.log(JSON.stringify({ page: edit(), worker: fromWorker, names: imported.length }))
  })
}
