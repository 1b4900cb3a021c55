/** Which colours a picture is made of: a share for each, most first. */
export async function colorsOf(page, png) {
  const counted = await page.evaluate(async (base64) => {
    const image = new Image()
    image.src = `data:image/png;base64,${base64}`
    await image.decode()
    const canvas = new OffscreenCanvas(image.width, image.height)
    const context = canvas.getContext('2d')
    context.drawImage(image, 0, 0)
    const { data } = context.getImageData(0, 0, canvas.width, canvas.height)
    const counts = {}
    for (let i = 0; i < data.length; i += 4) {
      const color = `rgb(${data[i]}, ${data[i + 1]}, ${data[i + 2]})`
      counts[color] = (counts[color] ?? 0) + 4 / data.length
    }
    return counts
  }, png.toString('base64'))
  return new Map(Object.entries(counted).sort(([, a], [, b]) => b - a))
}
