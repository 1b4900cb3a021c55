import { fileURLToPath } from 'node:url'

const folder = (relative) => fileURLToPath(new URL(relative, import.meta.url))

export const root = folder('../../../../')
export const binding = folder('../../')
export const tests = folder('../')
export const build = folder('../../../../build/js/')
