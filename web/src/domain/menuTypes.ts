// How a menu type is shown: its label, its colour, and which types are drawn separately when there
// are more than a reader can tell apart.

import type { MenuType } from '../api/types'

export interface ShownType {
  id: string
  label: string
  color: string
  /** Whether this entry stands for all types that are not drawn separately. */
  rest: boolean
}

/** Okabe and Ito's palette without black, and three more colours that colour-blind readers can tell
    apart. */
export const palette = [
  '#0072b2',
  '#e69f00',
  '#009e73',
  '#cc79a7',
  '#56b4e9',
  '#d55e00',
  '#b8a800',
  '#7a5ea8',
  '#8c6d4f',
  '#4d8f8b',
] as const

export const restColor = '#9a958c'

/** Never the id of a menu type, because ids contain no control characters. */
export const restId = '\u0000rest'

const isColor = (color: string | null): color is string =>
  color !== null && /^#([0-9a-f]{3}|[0-9a-f]{6})$/i.test(color)

function channels(color: string): [number, number, number] {
  const hex = color.length === 4 ? color.replace(/[0-9a-f]/gi, '$&$&') : color
  const value = Number.parseInt(hex.slice(1), 16)
  return [value >> 16, (value >> 8) & 255, value & 255]
}

function near(a: string, b: string): boolean {
  const [x, y] = [channels(a), channels(b)]
  return Math.hypot(x[0] - y[0], x[1] - y[1], x[2] - y[2]) < 90
}

/**
 * A colour for every type of the catalogue: the type's own colour, else the next of the palette
 * (skipping colours too similar to one that somebody chose), else hues spread evenly.
 */
export function catalogueColors(catalogue: MenuType[]): Map<string, string> {
  const chosen = catalogue.map((type) => type.color).filter(isColor)
  const free = palette.filter((color) => !chosen.some((other) => near(color, other)))
  const colors = new Map<string, string>()
  let used = 0
  for (const type of catalogue) {
    if (isColor(type.color)) {
      colors.set(type.menu_type, type.color)
      continue
    }
    colors.set(type.menu_type, free[used] ?? `hsl(${Math.round(used * 137.508) % 360}, 45%, 52%)`)
    used += 1
  }
  return colors
}

/** The label in the given language, else in the other one, else the id. Labels may be empty. */
export function labelOf(type: MenuType | undefined, id: string, locale: string): string {
  if (type === undefined) return id
  const { ja, en } = type.labels
  return (locale === 'ja' ? ja || en : en || ja) || id
}

export interface Fold {
  /** The types that are drawn separately, in catalogue order. */
  kept: string[]
  /** The types that are drawn together as "n more types". */
  folded: string[]
}

/**
 * Keeps the `max` types with the most orders. A single remaining type is kept too, since "1 more
 * type" would take the same space. Hidden types are never drawn separately. `order` lists all types
 * in catalogue order.
 */
export function fold(
  order: string[],
  totals: ReadonlyMap<string, number>,
  hidden: ReadonlySet<string>,
  max: number,
): Fold {
  const visible = order.filter((id) => !hidden.has(id))
  const bySize = [...visible].sort((a, b) => (totals.get(b) ?? 0) - (totals.get(a) ?? 0))
  const top = new Set(bySize.slice(0, visible.length <= max + 1 ? max + 1 : max))
  return {
    kept: order.filter((id) => top.has(id)),
    folded: order.filter((id) => !top.has(id) && !(hidden.has(id) && !totals.get(id))),
  }
}

/** One figure per kept type, then the sum of the folded types, if there are any. */
export function foldCounts(counts: ReadonlyMap<string, number>, folded: Fold): number[] {
  const kept = folded.kept.map((id) => counts.get(id) ?? 0)
  if (folded.folded.length === 0) return kept
  return [...kept, folded.folded.reduce((sum, id) => sum + (counts.get(id) ?? 0), 0)]
}
