// What a close code asks of a client; the table is in docs/formats/sync-protocol.md.

/** `again`: soon; `later`: after a longer pause; `token`: with a new token; `split`: with smaller messages. */
export type Verdict = 'again' | 'later' | 'token' | 'split' | 'epoch' | 'stop'

const verdicts: Record<number, Verdict> = {
  1001: 'again',
  1007: 'again',
  1009: 'split',
  1011: 'again',
  4400: 'stop',
  4401: 'token',
  4403: 'stop',
  4404: 'stop',
  4408: 'again',
  4409: 'epoch',
  4429: 'later'
}

const sentences: Record<number, string> = {
  1001: 'the server goes away',
  1007: 'the server could not read a message',
  1009: 'a message is beyond the limit of the server',
  1011: 'the server could not load the document',
  4400: 'the server did not allow a message at this place',
  4401: 'not authenticated, or no longer',
  4403: 'no right to this document',
  4404: 'there is no such document',
  4408: 'too slow in reading',
  4409: 'the document was replaced',
  4429: 'too many messages, connections or documents'
}

/** Codes of 4400 to 4499 that we do not know are permanent, as y-websocket has it; all others pass. */
export const verdictOn = (code: number | undefined): Verdict =>
  verdicts[code ?? 0] ?? (code !== undefined && code >= 4400 && code < 4500 ? 'stop' : 'again')

export const sentenceOf = (code: number, reason: string): string =>
  reason || sentences[code] || `the connection was closed with ${code}`
