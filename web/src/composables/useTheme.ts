// The style sheet's colours for drawing on a canvas, and display settings of the reader's system.

import { onScopeDispose, readonly, ref, type Ref } from 'vue'

export interface ChartColors {
  text: string
  faint: string
  line: string
  surface: string
  accent: string
}

function useMedia<T>(query: string, read: () => T): Readonly<Ref<T>> {
  const value = ref(read()) as Ref<T>
  const media = window.matchMedia(query)
  const update = (): void => void (value.value = read())
  media.addEventListener('change', update)
  onScopeDispose(() => media.removeEventListener('change', update))
  return readonly(value) as Readonly<Ref<T>>
}

export function useChartColors(): Readonly<Ref<ChartColors>> {
  return useMedia('(prefers-color-scheme: dark)', () => {
    const style = getComputedStyle(document.documentElement)
    const color = (name: string): string => style.getPropertyValue(name).trim()
    return {
      text: color('--text'),
      faint: color('--text-soft'),
      line: color('--line'),
      surface: color('--surface'),
      accent: color('--accent'),
    }
  })
}

export function useReducedMotion(): Readonly<Ref<boolean>> {
  const query = '(prefers-reduced-motion: reduce)'
  return useMedia(query, () => window.matchMedia(query).matches)
}

export function useNarrow(): Readonly<Ref<boolean>> {
  const query = '(max-width: 640px)'
  return useMedia(query, () => window.matchMedia(query).matches)
}

/** Whether the reader's system asks not to rely on colour alone. */
export function useMoreContrast(): Readonly<Ref<boolean>> {
  const query = '(prefers-contrast: more), (forced-colors: active)'
  return useMedia(query, () => window.matchMedia(query).matches)
}
