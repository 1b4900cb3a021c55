export function limitMemory(pages: number): void
export function engineBytes(): number
