import { afterEach, describe, expect, it, vi } from 'vitest'
import { ApiError, get, send, whenSignedOut } from './client'

type Thing = { name: string }

function answer(body: string, status = 200): void {
  vi.stubGlobal('fetch', () => Promise.resolve(new Response(body, { status })))
}

const read = (): Promise<Thing> => get<Thing>('/x', ['name'], new AbortController().signal)

const failure = async (): Promise<ApiError> => {
  const error: unknown = await read().catch((reason: unknown) => reason)
  if (error instanceof ApiError) return error
  throw new Error(`expected an ApiError, got ${String(error)}`)
}

afterEach(() => vi.unstubAllGlobals())

describe('get', () => {
  it('gives the value', async () => {
    answer('{"name":"washoku"}')
    expect(await read()).toEqual({ name: 'washoku' })
  })

  it('hands on what a problem says', async () => {
    answer('{"title":"Bad Request","status":400,"detail":"from: expected a date"}', 400)
    expect(await failure()).toMatchObject({
      kind: 'status',
      status: 400,
      detail: 'from: expected a date',
    })
  })

  it('makes do with an error page', async () => {
    answer('<html>Bad Gateway</html>', 502)
    expect(await failure()).toMatchObject({ kind: 'status', status: 502 })
  })

  it('refuses an answer that is not konomi', async () => {
    answer('<html>Welcome</html>')
    expect(await failure()).toMatchObject({ kind: 'format' })
    answer('{"other":1}')
    expect(await failure()).toMatchObject({ kind: 'format', detail: 'name' })
  })

  it('tells a lost connection from a caller who gave up', async () => {
    vi.stubGlobal('fetch', () => Promise.reject(new TypeError('failed')))
    expect(await failure()).toMatchObject({ kind: 'network' })
    const signal = AbortSignal.abort(new Error('gone'))
    await expect(get<Thing>('/x', ['name'], signal)).rejects.toThrow('gone')
  })
})

describe('a server that asks for keys', () => {
  it('says when the page is not signed in any more', async () => {
    const signedOut = vi.fn()
    whenSignedOut(signedOut)
    answer('{"status":403,"detail":"not yours"}', 403)
    expect(await failure()).toMatchObject({ status: 403 })
    expect(signedOut).not.toHaveBeenCalled()
    answer('{"status":401,"detail":"an API key is needed"}', 401)
    expect(await failure()).toMatchObject({ status: 401 })
    expect(signedOut).toHaveBeenCalledOnce()
  })

  it('is told a key, and takes an answer without a body', async () => {
    const fetched = vi.fn(() => Promise.resolve(new Response(null, { status: 204 })))
    vi.stubGlobal('fetch', fetched)
    expect(await send('POST', '/x', { key: 'k' }, [])).toEqual({})
    expect(fetched).toHaveBeenCalledWith(
      '/x',
      expect.objectContaining({ method: 'POST', body: '{"key":"k"}' }),
    )
  })
})
