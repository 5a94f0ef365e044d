// Requests as docs/openapi.json describes them: paths, parameters and answers have their types from
// there, and a path that it does not name does not compile.

import { get } from './client'
import { requiredFields, type paths } from './specification'

/** Every path of the API that is read as JSON. */
export type ReadPath = keyof (typeof requiredFields)['get']

type Operation<P extends ReadPath> = paths[P]['get']

type Json<O> = O extends { responses: { 200: { content: { 'application/json': infer T } } } }
  ? T & object
  : never

export type Answer<P extends ReadPath> = Json<Operation<P>>

type PathParameters<O> = O extends { parameters: { path: infer T } } ? T : unknown

type QueryParameters<O> = O extends { parameters: { query?: never } }
  ? unknown
  : O extends { parameters: { query?: infer T } }
    ? { [Name in keyof T]: T[Name] | null }
    : unknown

/** The values of the path's {places} and of the query, by name. */
export type Parameters<P extends ReadPath> = object &
  PathParameters<Operation<P>> &
  QueryParameters<Operation<P>>

/** The address with all its values in place. A null is left out. */
export function href<P extends ReadPath>(path: P, parameters: Parameters<P>): string {
  let filled: string = path
  const query = new URLSearchParams()
  for (const [name, value] of Object.entries(parameters)) {
    if (value === null) continue
    const place = `{${name}}`
    if (path.includes(place)) filled = filled.replace(place, encodeURIComponent(String(value)))
    else query.set(name, String(value))
  }
  return query.size === 0 ? filled : `${filled}?${query}`
}

/** Reads one resource. Throws as `get` does. */
export function read<P extends ReadPath>(
  path: P,
  parameters: Parameters<P>,
  signal: AbortSignal,
): Promise<Answer<P>> {
  return get<Answer<P>>(href(path, parameters), requiredFields.get[path], signal)
}
