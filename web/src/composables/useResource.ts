// Something read from the server. It loads when its key changes, is aborted when it is no longer
// needed, and reloads quietly while it can still change.

import { onScopeDispose, readonly, ref, shallowRef, watch, type Ref, type ShallowRef } from 'vue'
import { ApiError } from '../api'

export interface Resource<T> {
  /** The last good answer. With `keep`, the previous key's stays while the next one loads. */
  data: Readonly<ShallowRef<T | undefined>>
  /** Why the last attempt failed. With data present, only the refresh failed. */
  error: Readonly<ShallowRef<ApiError | undefined>>
  /** Whether the current key has neither loaded nor failed yet. */
  loading: Readonly<Ref<boolean>>
  /** When the data came in, by the browser's clock. */
  loadedAt: Readonly<Ref<number>>
  reload: () => void
}

export interface ResourceOptions<T> {
  /**
   * Milliseconds until the next quiet reload; null for a value that no longer changes. When loading
   * failed (there is no data) and this is null, the reader has to try again, unless the failure may
   * pass by itself.
   */
  refresh?: (data: T | undefined) => number | null
  /** The resource reloads quietly when this value changes. */
  version?: () => unknown
  /** Whether to keep showing the previous key's data while the next one loads. */
  keep?: boolean
}

const retryMillisecondsMin = 5_000
const retryMillisecondsMax = 60_000

/** Whether the same request may succeed later. */
function transient(error: ApiError | undefined): boolean {
  if (error === undefined) return false
  return error.kind !== 'status' || error.status === 429 || error.status >= 500
}

/** A null `key` means that there is nothing to load yet. Keys are compared by their JSON. */
export function useResource<K, T>(
  key: () => K | null,
  load: (key: K, signal: AbortSignal) => Promise<T>,
  options: ResourceOptions<T> = {},
): Resource<T> {
  const data = shallowRef<T>()
  const error = shallowRef<ApiError>()
  const loading = ref(true)
  const loadedAt = ref(0)

  let running: AbortController | undefined
  let timer: ReturnType<typeof setTimeout> | undefined
  let shown = ''
  let failures = 0

  async function run(): Promise<void> {
    stop()
    const wanted = key()
    if (wanted === null) return
    const mine = new AbortController()
    running = mine
    try {
      const value = await load(wanted, mine.signal)
      if (mine.signal.aborted) return
      // An unchanged answer must not redraw anything.
      const text = JSON.stringify(value)
      if (data.value === undefined || text !== shown) data.value = value
      shown = text
      error.value = undefined
      failures = 0
      loadedAt.value = Date.now()
    } catch (reason) {
      if (mine.signal.aborted) return
      error.value = reason instanceof ApiError ? reason : new ApiError('format', String(reason))
      if (transient(error.value)) failures += 1
      if (loading.value) data.value = undefined
    }
    loading.value = false
    schedule()
  }

  function waitMilliseconds(): number | null {
    const wanted = options.refresh?.(data.value) ?? null
    if (wanted !== null) return wanted
    return data.value === undefined && transient(error.value) ? retryMillisecondsMin : null
  }

  function schedule(): void {
    const wait = waitMilliseconds()
    if (wait === null || document.hidden) return
    timer = setTimeout(() => void run(), Math.min(wait * 2 ** failures, retryMillisecondsMax))
  }

  function stop(): void {
    clearTimeout(timer)
    running?.abort()
    running = undefined
  }

  function reload(): void {
    if (data.value === undefined) loading.value = true
    void run()
  }

  // A hidden tab does not reload. When the reader returns, the figures are refreshed at once.
  function onVisibility(): void {
    clearTimeout(timer)
    if (!document.hidden && !loading.value && waitMilliseconds() !== null) void run()
  }

  watch(
    () => JSON.stringify(key()),
    () => {
      loading.value = true
      error.value = undefined
      failures = 0
      if (options.keep !== true) data.value = undefined
      void run()
    },
    { immediate: true },
  )
  const { version } = options
  if (version !== undefined) {
    watch(version, (_, before) => {
      if (before !== undefined && !loading.value) void run()
    })
  }
  document.addEventListener('visibilitychange', onVisibility)
  onScopeDispose(() => {
    stop()
    document.removeEventListener('visibilitychange', onVisibility)
  })

  return {
    data: data as Readonly<ShallowRef<T | undefined>>,
    error,
    loading: readonly(loading),
    loadedAt: readonly(loadedAt),
    reload,
  }
}
