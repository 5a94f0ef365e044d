// Ranges of business days: the presets, and how a range is written in the address.

import type { BusinessDay } from '../api/types'
import { addDays, dayCount, firstOfMonth, isDay } from './day'

/** The longest range that the server accepts. */
export const rangeDaysMax = 3700

export interface DayRange {
  from: BusinessDay
  to: BusinessDay
}

/** What the presets are based on: the server's business day and the days that have figures. */
export interface Calendar {
  businessDay: BusinessDay
  first: BusinessDay | null
  last: BusinessDay | null
}

export const presets = [
  'today',
  'yesterday',
  'last7',
  'last30',
  'this_month',
  'last_month',
  'data_last30',
  'all',
] as const

export type Preset = (typeof presets)[number]

/** Shown when the address names no range. It has figures whenever there are any. */
export const defaultPreset: Preset = 'data_last30'

export function presetRange(preset: Preset, calendar: Calendar): DayRange {
  const today = calendar.businessDay
  const last = calendar.last ?? today
  switch (preset) {
    case 'today':
      return { from: today, to: today }
    case 'yesterday':
      return { from: addDays(today, -1), to: addDays(today, -1) }
    case 'last7':
      return { from: addDays(today, -6), to: today }
    case 'last30':
      return { from: addDays(today, -29), to: today }
    case 'this_month':
      return { from: firstOfMonth(today), to: today }
    case 'last_month': {
      const to = addDays(firstOfMonth(today), -1)
      return { from: firstOfMonth(to), to }
    }
    case 'data_last30':
      return { from: addDays(last, -29), to: last }
    case 'all': {
      const first = calendar.first ?? last
      const earliest = addDays(last, 1 - rangeDaysMax)
      return { from: first < earliest ? earliest : first, to: last }
    }
  }
}

export type RangeProblem = 'not_a_day' | 'reversed' | 'too_long'

export function rangeProblem(range: { from: string; to: string }): RangeProblem | null {
  if (!isDay(range.from) || !isDay(range.to)) return 'not_a_day'
  if (range.from > range.to) return 'reversed'
  return dayCount(range.from, range.to) > rangeDaysMax ? 'too_long' : null
}

export function contains(range: DayRange, day: BusinessDay): boolean {
  return range.from <= day && day <= range.to
}

/** The range of the same length just before (-1) or just after (+1). */
export function shifted(range: DayRange, direction: -1 | 1): DayRange {
  const days = direction * dayCount(range.from, range.to)
  return { from: addDays(range.from, days), to: addDays(range.to, days) }
}

/**
 * Reads ?from=&to=, or ?range=last7 for a bookmark that moves with the business day. One end alone
 * is a single day. Without a valid range the default preset applies.
 */
export function rangeFromQuery(
  query: Record<string, unknown>,
  calendar: Calendar,
): DayRange {
  const named = presets.find((preset) => preset === query['range'])
  if (named !== undefined) return presetRange(named, calendar)
  const range = {
    from: String(query['from'] ?? query['to'] ?? ''),
    to: String(query['to'] ?? query['from'] ?? ''),
  }
  return rangeProblem(range) === null ? range : presetRange(defaultPreset, calendar)
}

/** The presets that mean exactly this range now. On the 1st, "today" and "this month" both do. */
export function presetsOf(range: DayRange, calendar: Calendar): Preset[] {
  const same = (preset: Preset): boolean => {
    const { from, to } = presetRange(preset, calendar)
    return from === range.from && to === range.to
  }
  return presets.filter(same)
}
