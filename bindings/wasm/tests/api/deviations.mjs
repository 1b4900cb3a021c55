// Members of Yjs that Ropewalk does not have, or has otherwise, each with its reason. A member that is
// there after all must not be listed.

export const kDeviations = {
  'UndoManager#captureTransaction': 'the one that is there by default does not name the transaction that it does not look at',
  encodeStateAsUpdateV2: 'the state vector counts as an argument; in Yjs it has a default value',
}

// Internals, on whatever class.
export const kInternals = {
  _callObserver: 'the engine calls who observes',
  _currentNode: 'a tree walker keeps its place to itself',
  _dEH: 'who observes is kept with the document',
  _eH: 'who observes is kept with the document',
  _firstCall: 'a tree walker keeps its place to itself',
  _hasFormatting: 'the engine knows which texts have formats',
  _integrate: 'the engine integrates',
  _mergeStructs: 'the engine joins what it can',
  _needFormattingCleanup: 'the engine tidies up after remote changes',
  _searchMarker: 'the engine finds places in a tree',
}
