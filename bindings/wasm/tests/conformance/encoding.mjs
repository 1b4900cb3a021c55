// Calls that encode single values and columns. The package shows its codec as Yjs does: in the encoders
// and decoders of updates, and in what its documents write.
import * as decoding from 'lib0/decoding'
import * as Y from 'yjs'
import { compare, lineOf } from './compare.mjs'
import { base64, blob, fromJs, toJs } from './values.mjs'

function same(what, expected, got) {
  const difference = compare(expected, got, what)
  if (difference) throw new Error(lineOf(difference))
}

// -- single values, in V1 ---------------------------------------------------------------------------

function written(write) {
  const encoder = new Y.UpdateEncoderV1()
  write(encoder)
  return base64(encoder.toUint8Array())
}

const writeVarUint = ({ value }) => written(encoder => encoder.writeLen(value))
const writeVarString = ({ value }) => written(encoder => encoder.writeString(value))

// As the side that a relative position at the root "" keeps to, behind its kind and the name.
function writeVarInt({ value }) {
  const position = new Y.RelativePosition(null, '', null, toJs(value))
  return base64(Y.encodeRelativePosition(position).subarray(2))
}

// A document of client 0 that holds [value] under the key "k" of the map "m": what stands around it.
const kBefore = [1, 1, 0, 0, 0x28, 1, 1, 0x6d, 1, 0x6b, 1, 117, 1]
const kBehind = [0]
const aroundAny = bytes => new Uint8Array([...kBefore, ...bytes, ...kBehind])

function writeAny({ value }) {
  const bytes = written(encoder => encoder.writeAny(toJs(value)))
  const doc = new Y.Doc()
  doc.clientID = 0
  doc.getMap('m').set('k', [toJs(value)])
  same('in a document', base64(aroundAny(blob(bytes))), base64(Y.encodeStateAsUpdate(doc)))
  return bytes
}

function readAny({ bytes }) {
  const input = decoding.createDecoder(blob(bytes))
  const value = fromJs(new Y.UpdateDecoderV1(input).readAny())
  // Else it has read past the end.
  if (input.pos === input.arr.length) {
    const doc = new Y.Doc()
    Y.applyUpdate(doc, aroundAny(input.arr))
    same('in a document', [value], fromJs(doc.getMap('m').get('k')))
  }
  return value
}

// -- columns of V2 ----------------------------------------------------------------------------------

// The number of the column among the nine, and how one value goes into it and comes out.
const kColumns = {
  uintOptRle: { at: 8, write: (encoder, value) => encoder.writeLen(value), read: decoder => decoder.readLen() },
  intDiffOptRle: {
    at: 2,
    write: (encoder, value) => encoder.writeLeftID(Y.createID(0, value)),
    read: decoder => decoder.readLeftID().clock,
  },
  rleUint8: { at: 4, write: (encoder, value) => encoder.writeInfo(value), read: decoder => decoder.readInfo() },
  stringColumn: { at: 5, write: (encoder, value) => encoder.writeString(value), read: decoder => decoder.readString() },
}

const columnCall = ({ at, write, read }) =>
  function column({ values }) {
    const encoder = new Y.UpdateEncoderV2()
    for (const value of values) write(encoder, value)
    const bytes = encoder.toUint8Array()
    const decoder = new Y.UpdateDecoderV2(decoding.createDecoder(bytes))
    same('read again', values, values.map(() => read(decoder)))
    // Behind the feature flag.
    const columns = decoding.createDecoder(bytes.subarray(1))
    for (let i = 0; i < at; i++) decoding.readVarUint8Array(columns)
    return base64(decoding.readVarUint8Array(columns))
  }

export const encodingCalls = {
  writeVarUint,
  writeVarInt,
  writeVarString,
  writeAny,
  readAny,
  ...Object.fromEntries(Object.entries(kColumns).map(([name, column]) => [name, columnCall(column)])),
}
