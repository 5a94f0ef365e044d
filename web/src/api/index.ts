// Every address the page reads, and nothing else.

import { send } from './client'
import { href, read, type Parameters } from './request'
import { requiredFields } from './specification'
import type { BusinessDay, Session } from './types'

export * from './types'
export { ApiError, whenSignedOut } from './client'

export interface SegmentFilters {
  minOrders: number | null
  /** 0 to 1. */
  minConfidence: number | null
  orderedSince: BusinessDay | null
}

export interface SegmentPage extends SegmentFilters {
  menuType: string
  limit: number
  cursor: string | null
}

const segmentPath = '/api/v1/segments/{menu_type}/users'

const segmentParameters = (
  menuType: string,
  filters: SegmentFilters,
): Parameters<typeof segmentPath> => ({
  menu_type: menuType,
  min_orders: filters.minOrders,
  min_confidence: filters.minConfidence,
  ordered_since: filters.orderedSince,
})

/** The whole filtered segment as a file. */
export const segmentCsvHref = (menuType: string, filters: SegmentFilters): string =>
  href(segmentPath, { ...segmentParameters(menuType, filters), format: 'csv' })

export const api = {
  session: (signal: AbortSignal) => read('/api/v1/session', {}, signal),

  signIn: (key: string) =>
    send<Session>('POST', '/api/v1/session', { key }, requiredFields.post['/api/v1/session']),

  signOut: () => send<object>('DELETE', '/api/v1/session', undefined, []),

  status: (signal: AbortSignal) => read('/api/v1/status', {}, signal),

  menuTypes: (signal: AbortSignal) => read('/api/v1/menu_types', {}, signal),

  /** The range is the one asked for; the answer's is null only when a request names none. */
  days: async (from: BusinessDay, to: BusinessDay, signal: AbortSignal) => ({
    ...(await read('/api/v1/days', { from, to }, signal)),
    from,
    to,
  }),

  day: (date: BusinessDay, signal: AbortSignal) => read('/api/v1/days/{date}', { date }, signal),

  segments: (signal: AbortSignal) => read('/api/v1/segments', {}, signal),

  segmentUsers: ({ menuType, limit, cursor, ...filters }: SegmentPage, signal: AbortSignal) =>
    read(segmentPath, { ...segmentParameters(menuType, filters), limit, cursor }, signal),

  user: (id: string, signal: AbortSignal) => read('/api/v1/users/{id}', { id }, signal),
}
