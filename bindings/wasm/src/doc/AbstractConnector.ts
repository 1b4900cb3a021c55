// What providers may be derived from.
import { Observable } from '../base/observable.js'
import type { Doc } from './Doc.js'

export class AbstractConnector extends Observable<Record<string, (...args: any[]) => void>> {
  constructor(
    public doc: Doc,
    public awareness: any
  ) {
    super()
  }
}
