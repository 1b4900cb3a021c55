// The time that everybody in the process is told. lib0 keeps the function it finds, so this comes
// before everything that loads lib0.
const real = Date.now
let still = null

Date.now = () => still ?? real()

// Makes time stand still; null: go on.
export const stopClock = millis => {
  still = millis
}
export const advanceClock = millis => {
  still += millis
}
