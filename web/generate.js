// Writes src/api/specification.ts from docs/openapi.json: the types of paths and answers, and the
// fields that an answer must have, which the client checks when an answer comes.

import { readFile, writeFile } from 'node:fs/promises'
import openapiTS, { astToString } from 'openapi-typescript'

const specification = JSON.parse(await readFile('../docs/openapi.json', 'utf8'))

/** The required fields of a JSON answer with status 200, or undefined when there is none. */
function requiredFields(operation) {
  const schema = operation?.responses['200']?.content?.['application/json']?.schema
  const name = schema?.$ref?.replace('#/components/schemas/', '')
  return (name === undefined ? schema : specification.components.schemas[name])?.required
}

const required = Object.fromEntries(
  ['get', 'post'].map((method) => [
    method,
    Object.fromEntries(
      Object.entries(specification.paths)
        .filter(([path]) => path.startsWith('/api/v1/'))
        .map(([path, operations]) => [path, requiredFields(operations[method])]),
    ),
  ]),
)

const types = astToString(await openapiTS(specification, { silent: true }))
const text = `// Generated from docs/openapi.json by \`npm run generate\`. Do not edit.

${types}
/** By method and path: the fields that an answer with status 200 must have. */
export const requiredFields = ${JSON.stringify(required, null, 2)} as const
`
await writeFile('src/api/specification.ts', text)
