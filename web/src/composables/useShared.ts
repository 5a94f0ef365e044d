// What every page needs: the server's status and the catalogue of menu types. AppFrame.vue reads
// them once for all pages.

import { computed, inject, provide, type ComputedRef, type InjectionKey } from 'vue'
import { useI18n } from 'vue-i18n'
import { api, type MenuType, type MenuTypes, type Status } from '../api'
import { Formatter } from '../domain/format'
import { catalogueColors, labelOf, restColor } from '../domain/menuTypes'
import type { Calendar } from '../domain/range'
import { useResource, type Resource } from './useResource'

/** How often figures that can still change are read again. */
export const refreshMilliseconds = 5_000

const catalogueMilliseconds = 30_000

export interface Catalogue {
  label: (id: string) => string
  color: (id: string) => string
  hidden: ReadonlySet<string>
}

export interface Shared {
  status: Resource<Status>
  menuTypes: Resource<MenuTypes>
  catalogue: ComputedRef<Catalogue>
  format: ComputedRef<Formatter>
  /** Null until the status is known. */
  calendar: ComputedRef<Calendar | null>
  /** The position in the log up to which orders are counted; it changes when more are counted. */
  countedUpTo: ComputedRef<number | undefined>
  /** Milliseconds until figures that end with `day` are read again; null when `day` is over. */
  refreshFor: (day: string | null | undefined) => number | null
}

const injectionKey: InjectionKey<Shared> = Symbol('shared')

export function provideShared(): Shared {
  const { locale } = useI18n()
  const status = useResource(
    () => 'status',
    (_, signal) => api.status(signal),
    { refresh: () => refreshMilliseconds },
  )
  const menuTypes = useResource(
    () => 'menu_types',
    (_, signal) => api.menuTypes(signal),
    { refresh: () => catalogueMilliseconds },
  )
  const catalogue = computed(() => asCatalogue(menuTypes.data.value?.menu_types ?? [], locale.value))
  // Every answer has a new status. The values below change only when their content does, so that
  // nothing is redrawn needlessly.
  const timeZone = computed(() => status.data.value?.time_zone ?? 'UTC')
  const format = computed(() => new Formatter(locale.value, timeZone.value))
  const calendar = computed<Calendar | null>((before) => {
    const now = status.data.value
    if (now === undefined) return null
    const next = { businessDay: now.business_day, first: now.days.first, last: now.days.last }
    return before && JSON.stringify(before) === JSON.stringify(next) ? before : next
  })
  const countedUpTo = computed(() => status.data.value?.log.counted_up_to)
  const refreshFor = (day: string | null | undefined): number | null => {
    const today = calendar.value?.businessDay
    const running = day == null || today === undefined || day >= today
    return running ? refreshMilliseconds : null
  }
  const shared = { status, menuTypes, catalogue, format, calendar, countedUpTo, refreshFor }
  provide(injectionKey, shared)
  return shared
}

export function useShared(): Shared {
  const shared = inject(injectionKey)
  if (shared === undefined) throw new Error('useShared() is for components inside AppFrame.vue')
  return shared
}

/** A type that the catalogue does not list (yet) is shown by its id. */
function asCatalogue(types: MenuType[], locale: string): Catalogue {
  const byId = new Map(types.map((type) => [type.menu_type, type]))
  const colors = catalogueColors(types)
  return {
    label: (id) => labelOf(byId.get(id), id, locale),
    color: (id) => colors.get(id) ?? restColor,
    hidden: new Set(types.filter((type) => type.hidden).map((type) => type.menu_type)),
  }
}
