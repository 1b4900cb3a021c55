import { edit } from './edit.js'

document.body.dataset.page = edit()
const worker = new Worker(new URL('./worker.js', import.meta.url), { type: 'module' })
worker.onmessage = ({ data }) => (document.body.dataset.worker = data)
worker.onerror = (event) => (document.body.dataset.worker = event.message || 'the worker failed')
