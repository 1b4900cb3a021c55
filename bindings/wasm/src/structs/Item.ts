import type { ID } from './ID.js'
export interface StructLike { readonly id: ID; readonly length: number }
export interface Item extends StructLike { content: unknown }
