import type { Snapshot } from './Snapshot.js'
export const snapshotDelta = (_text: unknown, _snapshot?: Snapshot, _prev?: Snapshot, _f?: unknown): any[] => []
