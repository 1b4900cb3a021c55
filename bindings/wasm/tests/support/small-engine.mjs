// Imported before the package: its engine may hold 16 MiB.
import { limitMemory } from './watch-engine.mjs'

limitMemory(256)
