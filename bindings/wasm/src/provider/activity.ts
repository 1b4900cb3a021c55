// What somebody does, for the others to see, as fields of their presence: whether they type, are at it, have
// stopped for a while or are away; and which section they would rather not be disturbed in. The fields are
// written down in docs/formats/sync-protocol.md, section 6.
import type { AwarenessLike } from './awareness.js'

/**
 *   typing   the document was changed here a moment ago
 *   active   keys, mouse or touch were used lately
 *   idle     nothing of that, but the page is in view
 *   away     the page is not in view, or nothing was done for long
 */
export type ActivityStatus = 'active' | 'typing' | 'idle' | 'away'

interface Listened {
  addEventListener(name: string, listener: () => void, options?: any): void
  removeEventListener(name: string, listener: () => void, options?: any): void
}

export interface ActivityOptions {
  /** Whose changes made here count as typing; a `Doc`. */
  doc?: { on(name: any, listener: any): unknown; off(name: any, listener: any): unknown }
  /** The page somebody acts on; by default the `document` of the browser, if there is one. */
  page?: (Listened & { readonly visibilityState?: string }) | null
  /** How long after the last change somebody types; 2 seconds. */
  typingFor?: number
  /** How long after the last sign they are idle; a minute. */
  idleAfter?: number
  /** And away; five minutes. */
  awayAfter?: number
}

const signs = ['keydown', 'pointerdown', 'pointermove', 'wheel', 'touchstart']
const passive = { passive: true, capture: true }

/** `lastActivity` may be so much older than the truth: others show minutes. */
const precision = 15_000

/** Keeps `status` and `lastActivity` in the local state until the function it returns is called. */
export function watchActivity(awareness: AwarenessLike, options: ActivityOptions = {}): () => void {
  const { doc, typingFor = 2_000, idleAfter = 60_000, awayAfter = 300_000 } = options
  const page = options.page === undefined ? ((globalThis as any).document as ActivityOptions['page']) : options.page
  let acted = Date.now()
  let typed = -Infinity
  let timer: ReturnType<typeof setTimeout> | undefined

  /** What it is now, and for how long if nothing happens. */
  const status = (now: number): [ActivityStatus, number] => {
    if (page?.visibilityState === 'hidden') return ['away', Infinity]
    if (now - typed < typingFor) return ['typing', typed + typingFor - now]
    if (now - acted < idleAfter) return ['active', acted + idleAfter - now]
    if (now - acted < awayAfter) return ['idle', acted + awayAfter - now]
    return ['away', Infinity]
  }
  const update = (): void => {
    clearTimeout(timer)
    const [is, rest] = status(Date.now())
    if (rest < Infinity) {
      timer = setTimeout(update, rest)
      // Nobody stays in Node for the sake of being seen.
      ;(timer as { unref?: () => void }).unref?.()
    }
    const local = awareness.getLocalState()
    if (local === null) return
    if (local.status === is && acted - (local.lastActivity ?? 0) < precision) return
    awareness.setLocalState({ ...local, status: is, lastActivity: acted })
  }
  const act = (): void => {
    acted = Date.now()
    update()
  }
  const seen = (): void => {
    if (page?.visibilityState === 'hidden') update()
    else act()
  }
  const changed = (transaction: { local: boolean; changed: { size: number } }): void => {
    if (!transaction.local || transaction.changed.size === 0) return
    typed = Date.now()
    act()
  }

  for (const sign of signs) page?.addEventListener(sign, act, passive)
  page?.addEventListener('visibilitychange', seen)
  doc?.on('afterTransaction', changed)
  update()
  return () => {
    clearTimeout(timer)
    for (const sign of signs) page?.removeEventListener(sign, act, passive)
    page?.removeEventListener('visibilitychange', seen)
    doc?.off('afterTransaction', changed)
  }
}

/** What somebody asks to be left alone with. */
export interface Holding {
  section: string
  /** In milliseconds since 1970, by the clock of who holds it. */
  until: number
  [more: string]: any
}

/** How long a section is held if nobody says otherwise: five minutes. */
export const holdingTime = 300_000

/**
 * Says that we would like to have a section to ourselves: shown to the others, enforced by nobody. It ends after
 * `ms`, with our presence, when another section is held, or when the function it returns is called.
 */
export function holdSection(awareness: AwarenessLike, holding: { section: string; [more: string]: any }, ms = holdingTime): () => void {
  const held: Holding = { ...holding, until: Date.now() + ms }
  awareness.setLocalStateField('holding', held)
  const end = (): void => {
    clearTimeout(timer)
    if (awareness.getLocalState()?.holding === held) awareness.setLocalStateField('holding', null)
  }
  const timer = setTimeout(end, ms)
  ;(timer as { unref?: () => void }).unref?.()
  return end
}

/** Who holds what, by client: what has ended is left out, with a minute for clocks that differ. */
export function holdings(awareness: AwarenessLike): Map<number, Holding> {
  const now = Date.now() - 60_000
  const held = new Map<number, Holding>()
  for (const [client, { holding }] of awareness.getStates()) {
    if (typeof holding?.section === 'string' && holding.until > now) held.set(client, holding)
  }
  return held
}
