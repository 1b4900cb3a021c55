/// Names to the left, numbers to the right.
export function printTable(rows) {
  const widths = rows[0].map((_, i) => Math.max(...rows.map(row => row[i].length)))
  const isNumber = rows[0].map((_, i) => rows.slice(1).some(row => /^[>=\d. -]+(ms|B|MB)?$/.test(row[i])))
  for (const row of rows) {
    const cells = row.map((cell, i) => (isNumber[i] ? cell.padStart(widths[i]) : cell.padEnd(widths[i])))
    console.log(cells.join('  ').trimEnd())
  }
  console.log()
}
