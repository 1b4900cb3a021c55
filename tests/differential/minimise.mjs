// Takes things out of a history for as long as it still fails in the same way.

// Drops ever smaller stretches of a list.
async function shrinkList(list, stillFails) {
  let kept = list
  for (let size = Math.ceil(kept.length / 2); size >= 1; size = size === 1 ? 0 : Math.ceil(size / 2)) {
    for (let at = 0; at < kept.length; ) {
      const without = [...kept.slice(0, at), ...kept.slice(at + size)]
      if (await stillFails(without)) kept = without
      else at += size
    }
  }
  return kept
}

function smallerEdits(edit) {
  const smaller = []
  const change = fields => smaller.push({ ...edit, ...fields })
  if (edit.text?.length > 1) {
    change({ text: 'ab' })
    change({ text: 'a' })
    change({ text: [...edit.text].slice(0, [...edit.text].length / 2).join('') })
  }
  if (edit.values?.length > 1) change({ values: edit.values.slice(0, edit.values.length / 2) })
  // Children are XML.
  if (edit.on === 'fragment') {
    if (edit.values?.some(value => value.children?.length || value.attributes?.length)) {
      change({ values: edit.values.map(value => ('element' in value ? { element: 'p', attributes: [], children: [] } : { ...value, attributes: [] })) })
    }
  } else if (edit.values?.some(value => value.any !== 1)) change({ values: edit.values.map(() => ({ any: 1 })) })
  // Of embeds that are no objects Yjs does not tell.
  if (edit.value && edit.verb !== 'embed' && edit.value.any !== 1) change({ value: { any: 1 } })
  if (edit.count > 1) change({ count: 1 })
  if (edit.pick) change({ pick: 0 })
  if (edit.at && edit.at !== 'cursor') change({ at: 0 })
  return smaller
}

// `fails(history)` says whether a history still fails. Ends with the smallest found in `budgetMs`.
export async function minimise(history, fails, budgetMs = 15_000) {
  const end = Date.now() + budgetMs
  let best = history
  const keep = async changed => {
    if (Date.now() > end || !(await fails(changed))) return false
    best = changed
    return true
  }
  const withStep = (i, step) => ({ ...best, steps: best.steps.with(i, step) })

  for (let before = Infinity; Date.now() < end; ) {
    await shrinkList(best.steps, steps => keep({ ...best, steps }))
    for (let i = 0; i < best.clients.length; i++) {
      const absent = [...(best.absent ?? []), i]
      const uses = step => [step.who, step.to, step.from].includes(i)
      if (best.absent?.includes(i) || absent.length === best.clients.length) continue
      await keep({ ...best, absent, steps: best.steps.filter(step => !uses(step)) })
    }
    for (let i = 0; i < best.steps.length; i++) {
      const step = best.steps[i]
      if (step.do === 'deliver') {
        await shrinkList(step.of, of => of.length > 0 && keep(withStep(i, { ...step, of })))
      }
      if (step.do === 'crowd') {
        const people = step.clients.map((client, k) => [client, step.edits[k]])
        const withPeople = left => withStep(i, { ...step, clients: left.map(p => p[0]), edits: left.map(p => p[1]) })
        await shrinkList(people, left => left.length > 0 && keep(withPeople(left)))
      }
      if (step.do !== 'edit') continue
      await shrinkList(step.edits, edits => edits.length > 0 && keep(withStep(i, { ...step, edits })))
      for (let j = 0; j < best.steps[i].edits.length; j++) {
        for (let again = true; again; ) {
          again = false
          const now = best.steps[i]
          for (const smaller of smallerEdits(now.edits[j])) {
            again = await keep(withStep(i, { ...now, edits: now.edits.with(j, smaller) }))
            if (again) break
          }
        }
      }
    }
    const weight = JSON.stringify(best, (_, x) => (typeof x === 'bigint' ? String(x) : x)).length
    if (weight >= before) break
    before = weight
  }
  return best
}
