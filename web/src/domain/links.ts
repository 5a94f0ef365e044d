// Where things live on this page.

import type { LocationQueryRaw, RouteLocationRaw } from 'vue-router'
import type { BusinessDay } from '../api/types'

export const dayLink = (day: BusinessDay): RouteLocationRaw => ({
  name: 'day',
  params: { date: day },
})

export const daysLink = (query: LocationQueryRaw = {}): RouteLocationRaw => ({
  name: 'daily',
  query,
})

export const segmentLink = (menuType: string): RouteLocationRaw => ({
  name: 'segments',
  query: { type: menuType },
})

/**
 * An id is any text. A dot is written %2E, so that an id such as "mika@example.com" does not look
 * like a file to a server that hands out the page for everything else.
 */
export const userLink = (id: string): RouteLocationRaw => ({
  path: `/users/${encodeURIComponent(id).replaceAll('.', '%2E')}`,
})
