// Put in by tools/build.mjs: the engine's module packed, its size, and what unpacks it, as base64.
export const packed: string = ''
export const size: number = 0
export const unpacker: string = ''
