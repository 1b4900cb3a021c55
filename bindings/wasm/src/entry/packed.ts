// Put in by tools/build.mjs, both as base64.
export const packed: string = ''
export const unpacker: string = ''
