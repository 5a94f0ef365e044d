// Sums over days.

import type { Day, TypeCount } from '../api/types'

export function asMap(counts: TypeCount[]): Map<string, number> {
  return new Map(counts.map(({ menu_type, count }) => [menu_type, count]))
}

/** Orders by type over all the days, in the order in which the server lists the types. */
export function totalsByType(days: { counts: TypeCount[] }[]): Map<string, number> {
  const totals = new Map<string, number>()
  for (const day of days) {
    for (const { menu_type, count } of day.counts) {
      totals.set(menu_type, (totals.get(menu_type) ?? 0) + count)
    }
  }
  return totals
}

export function totalsByHour(days: { hours: number[] }[]): number[] {
  const totals = new Array<number>(24).fill(0)
  for (const day of days) {
    day.hours.forEach((orders, hour) => (totals[hour] = (totals[hour] ?? 0) + orders))
  }
  return totals
}

/** The day that the home page shows: the latest one up to today, else the last of `days`. */
export function currentDay(days: Day[], businessDay: string): Day | undefined {
  return days.findLast((day) => day.date <= businessDay) ?? days.at(-1)
}
