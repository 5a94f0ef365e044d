// How a menu type is shown: its label and its colour, and which types are drawn on their own when
// there are more of them than a reader can tell apart.

import type { MenuType } from '../api/types'

export interface ShownType {
  id: string
  label: string
  color: string
  /** Stands for all types that are not drawn on their own. */
  rest: boolean
}

/** Okabe and Ito's set without black, and three more that stay apart for colour-blind readers. */
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

/** No type has this id: ids have no control characters. */
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
 * A colour for every type of the catalogue: its own, else the palette by position in the catalogue
 * (leaving out colours too like one that somebody chose), else hues as far apart as can be.
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

/** In the language asked for, else in the other one, else the id: a label may be empty. */
export function labelOf(type: MenuType | undefined, id: string, locale: string): string {
  if (type === undefined) return id
  const { ja, en } = type.labels
  return (locale === 'ja' ? ja || en : en || ja) || id
}

export interface Fold {
  /** Drawn on their own, in catalogue order. */
  kept: string[]
  /** Drawn together as "n more types". */
  folded: string[]
}

/**
 * Keeps the `max` types with the most orders; one single left-over is kept too, since "1 more type"
 * would take the same room. Hidden types are never drawn on their own. `order` is catalogue order.
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

/** One figure per kept type and, last, one for the folded ones when there are any. */
export function foldCounts(counts: ReadonlyMap<string, number>, folded: Fold): number[] {
  const kept = folded.kept.map((id) => counts.get(id) ?? 0)
  if (folded.folded.length === 0) return kept
  return [...kept, folded.folded.reduce((sum, id) => sum + (counts.get(id) ?? 0), 0)]
}
