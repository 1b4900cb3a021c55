import type { Snapshot } from './Snapshot.js'
export const typeMapGetAllSnapshot = (_type: unknown, _snapshot: Snapshot): Record<string, any> => ({})
