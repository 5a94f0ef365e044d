// Sends every request to the server and turns its answer into a typed value or an ApiError.

export type ApiErrorKind =
  /** The server answered with an error status. */
  | 'status'
  /** No answer came. */
  | 'network'
  /** No answer came in time. */
  | 'timeout'
  /** The answer is not what konomi sends, such as a proxy's own page. */
  | 'format'

export class ApiError extends Error {
  constructor(
    readonly kind: ApiErrorKind,
    /** The server's own words; empty when it sent none. */
    readonly detail: string,
    readonly status = 0,
    readonly fields: { pointer: string; detail: string }[] = [],
  ) {
    super(`${kind} ${status} ${detail}`.trim())
    this.name = 'ApiError'
  }
}

const timeoutMilliseconds = 30_000

let signedOut: () => void = () => undefined

/** Calls `call` whenever the server answers that the reader is not, or no longer, signed in. */
export function whenSignedOut(call: () => void): void {
  signedOut = call
}

/**
 * Reads one resource. `required` names the fields that the answer must have.
 * Throws an ApiError, or the signal's reason when the caller gave up.
 */
export async function get<T extends object>(
  path: string,
  required: readonly string[],
  signal: AbortSignal,
): Promise<T> {
  try {
    return await ask<T>(path, { cache: 'no-cache' }, required, signal)
  } catch (error) {
    if (error instanceof ApiError && error.status === 401) signedOut()
    throw error
  }
}

/** Sends a body, if there is one, as JSON. Throws an ApiError. */
export function send<T extends object>(
  method: 'POST' | 'DELETE',
  path: string,
  body: unknown,
  required: readonly string[],
): Promise<T> {
  const init: RequestInit = { method }
  if (body !== undefined) {
    init.body = JSON.stringify(body)
    init.headers = { 'content-type': 'application/json' }
  }
  return ask<T>(path, init, required, new AbortController().signal)
}

async function ask<T extends object>(
  path: string,
  init: RequestInit,
  required: readonly string[],
  signal: AbortSignal,
): Promise<T> {
  const deadline = new AbortController()
  const timer = setTimeout(() => deadline.abort(), timeoutMilliseconds)
  const forward = (): void => deadline.abort()
  signal.addEventListener('abort', forward, { once: true })
  try {
    const response = await fetch(path, {
      ...init,
      signal: deadline.signal,
      headers: { accept: 'application/json, application/problem+json', ...init.headers },
    })
    const body = await response.text()
    if (!response.ok) throw problem(response, body)
    return response.status === 204 ? ({} as T) : value<T>(body, required)
  } catch (error) {
    signal.throwIfAborted()
    if (error instanceof ApiError) throw error
    throw new ApiError(deadline.signal.aborted ? 'timeout' : 'network', '')
  } finally {
    clearTimeout(timer)
    signal.removeEventListener('abort', forward)
  }
}

function value<T extends object>(body: string, required: readonly string[]): T {
  const parsed = json(body)
  if (typeof parsed !== 'object' || parsed === null) throw new ApiError('format', '')
  const missing = required.filter((field) => !(field in parsed))
  if (missing.length > 0) throw new ApiError('format', missing.join(', '))
  return parsed as T
}

/** Reads an RFC 9457 problem, the first version's {"error"} or {"message"}, or any other body. */
function problem(response: Response, body: string): ApiError {
  const parsed = json(body)
  const fields = (typeof parsed === 'object' && parsed !== null ? parsed : {}) as {
    detail?: unknown
    title?: unknown
    error?: unknown
    message?: unknown
    errors?: { pointer: string; detail: string }[]
  }
  const words = [fields.detail, fields.title, fields.error, fields.message, response.statusText]
  const detail = words.find((word) => typeof word === 'string' && word !== '') ?? ''
  const errors = Array.isArray(fields.errors) ? fields.errors : []
  return new ApiError('status', String(detail), response.status, errors)
}

function json(body: string): unknown {
  try {
    return JSON.parse(body)
  } catch {
    return undefined
  }
}
