// The query of the address, for one page: it stands still once the reader leaves for another page,
// whose query is none of this page's business.

import { computed, type ComputedRef } from 'vue'
import { useRoute, useRouter, type LocationQuery } from 'vue-router'
import { changed } from '../domain/query'

export interface PageQuery {
  query: ComputedRef<LocationQuery>
  /** Where some values lead to; null takes a value away. */
  linkTo: (changes: Record<string, string | number | null>) => {
    query: ReturnType<typeof changed>
  }
  /** Goes there. A step of the history, so that "back" undoes it. */
  change: (changes: Record<string, string | number | null>) => void
}

export function usePageQuery(): PageQuery {
  const route = useRoute()
  const router = useRouter()
  const page = route.name
  const query = computed<LocationQuery>((before) =>
    route.name === page || before === undefined ? route.query : before,
  )
  const linkTo: PageQuery['linkTo'] = (changes) => ({ query: changed(query.value, changes) })
  return {
    query,
    linkTo,
    change: (changes) => void router.push(linkTo(changes)),
  }
}
