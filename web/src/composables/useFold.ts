// Decides which menu types are drawn separately, and with which label and colour.

import { computed, type ComputedRef } from 'vue'
import { useI18n } from 'vue-i18n'
import { fold, restColor, restId, type Fold, type ShownType } from '../domain/menuTypes'
import { useShared } from './useShared'

export const shownTypesMax = 8

export interface FoldedTypes {
  fold: ComputedRef<Fold>
  /** The kept types, then one entry that stands for all folded types, if there are any. */
  types: ComputedRef<ShownType[]>
}

/** `totals` is in catalogue order. */
export function useFold(
  totals: () => ReadonlyMap<string, number>,
  max: () => number = () => shownTypesMax,
): FoldedTypes {
  const { catalogue } = useShared()
  const { t } = useI18n()
  const folded = computed(() =>
    fold([...totals().keys()], totals(), catalogue.value.hidden, max()),
  )
  const types = computed(() => {
    const kept = folded.value.kept.map((id) => ({
      id,
      label: catalogue.value.label(id),
      color: catalogue.value.color(id),
      rest: false,
    }))
    const n = folded.value.folded.length
    if (n === 0) return kept
    const label = t('common.rest', { n }, n)
    return [...kept, { id: restId, label, color: restColor, rest: true }]
  })
  return { fold: folded, types }
}
