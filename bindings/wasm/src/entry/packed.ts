export const packed: string = ''
