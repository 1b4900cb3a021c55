import { edit } from './edit.js'

self.postMessage(edit())
