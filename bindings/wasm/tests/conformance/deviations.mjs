// Where Ropewalk differs from Yjs on purpose and the fixtures' README lets it. Each is met by a rule in
// the runner, which it applies only where a comparison without it has failed; never by leaving a case
// out. The cases that needed one are listed at the end.
export const kDeviations = {
  'array.delete':
    'a delete past the end of a list is refused and nothing changes; Yjs deletes what there is and then throws. The runner deletes the rest after it has seen the refusal.',
  'text.delete': 'a delete from an empty text does nothing; Yjs throws by accident. The runner then ends the transaction as Yjs does.',
  'text.pairs':
    'a cut between the halves of a surrogate pair breaks it only where something is sent: Yjs breaks it also for a format that is there already, and then differs from its peers for ever. Where the fixtures show that, documents are compared as if all pairs were broken.',
  'text.halves':
    'attributes and embeds are UTF-8: half a surrogate pair in them becomes U+FFFD when they are made here. Half a pair in what others sent goes on as it came, but in the names of roots and keys it is U+FFFD.',
  'events.looking':
    'looking at the delta of an event changes nothing; Yjs then deletes format marks without effect, which is told as a change of its own. From there on only states are compared.',
  'subdocs.removed': 'a sub-document that was removed is told of once; Yjs then destroys its instance, which tells of it again.',
  'snapshot.attributes':
    'attributes as of a snapshot are those of a document restored from it; Yjs joins deleted values of a key and tells the last of them, or none.',
  'origins.equal':
    'an item whose origin equals its right origin stands behind that unit; Yjs puts it in front where the unit has joined what stands before it. The state is then not compared.',
  readAny: 'an integer or array without its bytes is refused; Yjs reads zeros past the end of the input.',
  decodeRelativePosition:
    'a relative position of an unknown kind is refused; Yjs reads one that names nothing and throws where it is used.',
  pendingMissing:
    'the first clock that a client still lacks is named, also where only deletes wait; Yjs names one that it met and lacked.',
}
