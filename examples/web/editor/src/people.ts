// Who somebody is to the others: a name and a colour, new in each tab until they choose a name.
export interface Person {
  /** Who it is to the server, which lets nobody show another's. */
  id?: string
  name: string
  color: string
  /** Behind what they have selected. */
  colorLight: string
}

// White text on each of them has a contrast of at least 4.5.
const colors = ['#9a3412', '#1d4ed8', '#047857', '#7e22ce', '#be185d', '#0e7490', '#92580c', '#4d7c0f']
const names = ['Ada', 'Basil', 'Clara', 'Dorian', 'Edith', 'Felix', 'Greta', 'Hugo', 'Ines', 'Jonas', 'Karin', 'Leo', 'Mira', 'Nils', 'Olga', 'Pavel']

const pick = <T>(list: readonly T[]): T => list[crypto.getRandomValues(new Uint32Array(1))[0]! % list.length]!

const painted = (name: string, color: string): Person => ({ name, color, colorLight: `${color}33` })

/** The one who sits at this tab, the same after a reload. */
export function whoAmI(): Person {
  const [name, color] = [sessionStorage.getItem('name') ?? pick(names), sessionStorage.getItem('color') ?? pick(colors)]
  return remember(painted(name, colors.includes(color) ? color : pick(colors)))
}

export function remember(person: Person): Person {
  sessionStorage.setItem('name', person.name)
  sessionStorage.setItem('color', person.color)
  return person
}

/** In a colour that nobody else has, as long as there is one. */
export function unlike(person: Person, others: Person[]): Person {
  const taken = new Set(others.map(({ color }) => color))
  const free = colors.filter((color) => !taken.has(color))
  return free.length === 0 ? person : remember({ ...person, ...painted(person.name, pick(free)) })
}
