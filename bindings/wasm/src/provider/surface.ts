// What y-websocket's provider tells of its connection, under the names it has there.
import { Observable } from '../base/observable.js'
import type { ProviderEvents } from './options.js'
import type { Tabs } from './tabs.js'
import type { Wire } from './wire.js'

export abstract class Surface extends Observable<ProviderEvents> {
  params: { [key: string]: string } = {}
  protocols: string[] = []
  protected abstract readonly wire: Wire
  protected abstract readonly tabs: Tabs

  constructor(
    readonly serverUrl: string,
    readonly roomname: string
  ) {
    super()
  }

  get bcChannel(): string {
    return `${this.serverUrl}/${this.roomname}`
  }
  get url(): string {
    const query = new URLSearchParams(this.params).toString()
    return `${this.bcChannel}${query && `?${query}`}`
  }
  get ws(): WebSocket | null {
    return this.wire.ws
  }
  get wsconnected(): boolean {
    return this.wire.isOpen
  }
  get wsconnecting(): boolean {
    return this.wire.state === 'connecting'
  }
  get bcconnected(): boolean {
    return this.tabs.isOpen
  }
  get wsUnsuccessfulReconnects(): number {
    return this.wire.backoff.failures
  }
  get wsLastMessageReceived(): number {
    return this.wire.heard
  }
  get maxBackoffTime(): number {
    return this.wire.backoff.most
  }
  set maxBackoffTime(ms: number) {
    this.wire.backoff.most = ms
  }
}
