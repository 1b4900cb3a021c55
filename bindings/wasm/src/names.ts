// What classes call themselves: as in Yjs, also where the script has been made smaller.
import { Doc } from './doc/Doc.js'
import { Transaction } from './doc/Transaction.js'
import { GC, Skip } from './structs/AbstractStruct.js'
import * as contents from './structs/contents.js'
import { ID } from './structs/ID.js'
import { Item } from './structs/Item.js'
import { AbstractType } from './types/AbstractType.js'
import { YArray, YArrayEvent } from './types/YArray.js'
import { YEvent } from './types/YEvent.js'
import { YMap, YMapEvent } from './types/YMap.js'
import { YText, YTextEvent } from './types/YText.js'
import { YXmlElement } from './types/YXmlElement.js'
import { YXmlEvent } from './types/YXmlEvent.js'
import { YXmlFragment } from './types/YXmlFragment.js'
import { YXmlHook } from './types/YXmlHook.js'
import { YXmlText } from './types/YXmlText.js'
import { UndoManager } from './undo/UndoManager.js'

const { ContentAny, ContentBinary, ContentDeleted, ContentDoc, ContentEmbed, ContentFormat } = contents
const { ContentJSON, ContentString, ContentType } = contents

const classes = {
  AbstractType, ContentAny, ContentBinary, ContentDeleted, ContentDoc, ContentEmbed, ContentFormat,
  ContentJSON, ContentString, ContentType, Doc, GC, ID, Item, Skip, Transaction, UndoManager, YArray,
  YArrayEvent, YEvent, YMap, YMapEvent, YText, YTextEvent, YXmlElement, YXmlEvent, YXmlFragment,
  YXmlHook, YXmlText
}
for (const [name, made] of Object.entries(classes)) Object.defineProperty(made, 'name', { value: name })
