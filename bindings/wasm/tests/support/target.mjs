// Which server the journeys of the editor go through: that of this tree, or, with
// ROPEWALK_TARGET=emulator, its functions on an emulated AWS.
import { EmulatedServer } from './emulator.mjs'
import { RopewalkServer } from './server.mjs'

export const isEmulated = process.env.ROPEWALK_TARGET === 'emulator'
export const startServer = (name) => (isEmulated ? EmulatedServer.start() : RopewalkServer.start(name))
