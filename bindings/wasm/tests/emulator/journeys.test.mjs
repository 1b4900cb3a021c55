// The same page and the same journeys as in ../web/editor.test.mjs, on `ropewalk emulate`: its binary messages are
// refused there, so it goes on in text frames.
process.env.ROPEWALK_TARGET = 'emulator'
await import('../web/editor.test.mjs')
