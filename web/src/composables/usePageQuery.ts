// The query of the address, as one page sees it: it stops changing once the reader leaves for
// another page, so that the old page does not react to the new page's query.

import { computed, type ComputedRef } from 'vue'
import { useRoute, useRouter, type LocationQuery } from 'vue-router'
import { changed } from '../domain/query'

export interface PageQuery {
  query: ComputedRef<LocationQuery>
  /** The link to this page with some values changed; null removes a value. */
  linkTo: (changes: Record<string, string | number | null>) => {
    query: ReturnType<typeof changed>
  }
  /** Goes to that link. It adds a step to the history, so that "back" undoes it. */
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
