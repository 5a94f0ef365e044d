// Reads and writes the query of the address. Invalid values are ignored, so that a mistyped link
// still opens.

import type { LocationQuery, LocationQueryRaw } from 'vue-router'
import type { SegmentFilters } from '../api'
import { isDay } from './day'

export const pageSizes = [25, 50, 100, 250, 1000] as const
export const defaultPageSize = 50

export function text(query: LocationQuery, name: string): string | null {
  const value = query[name]
  const first = Array.isArray(value) ? value[0] : value
  return first === undefined || first === null || first === '' ? null : first
}

export function number(
  query: LocationQuery,
  name: string,
  fits: (value: number) => boolean,
): number | null {
  const value = text(query, name)
  if (value === null || !/^\d+(\.\d+)?$/.test(value)) return null
  return fits(Number(value)) ? Number(value) : null
}

export function day(query: LocationQuery, name: string): string | null {
  const value = text(query, name)
  return isDay(value) ? value : null
}

/** The query with some values set and others (null) removed. All other values stay. */
export function changed(
  query: LocationQuery,
  changes: Record<string, string | number | null>,
): LocationQueryRaw {
  const next: LocationQueryRaw = { ...query }
  for (const [name, value] of Object.entries(changes)) {
    if (value === null) delete next[name]
    else next[name] = String(value)
  }
  return next
}

export function segmentFilters(query: LocationQuery): SegmentFilters {
  return {
    minOrders: number(query, 'min_orders', (n) => Number.isSafeInteger(n) && n >= 1),
    minConfidence: number(query, 'min_confidence', (n) => n > 0 && n <= 1),
    orderedSince: day(query, 'ordered_since'),
  }
}

export function pageSize(query: LocationQuery): number {
  const size = number(query, 'limit', (n) => Number.isInteger(n) && n >= 1 && n <= 1000)
  return size ?? defaultPageSize
}
