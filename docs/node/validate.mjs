// Checks an AsyncAPI file with the AsyncAPI project's own parser: node validate.mjs FILE
// Prints what it finds, one line each; exits with 1 when anything of it is an error or a warning.
import { readFile } from 'node:fs/promises'
import { resolve } from 'node:path'
import { Parser } from '@asyncapi/parser'

const source = resolve(process.argv[2])
const { document, diagnostics } = await new Parser().parse(await readFile(source, 'utf8'), { source })
for (const { severity, code, message, path, range } of diagnostics) {
  const level = ['error', 'warning', 'info', 'hint'][severity]
  console.log(`${level} line ${range.start.line + 1} ${path.join('.')}: ${message} (${code})`)
}
const bad = diagnostics.filter(({ severity }) => severity <= 1)
if (document) console.log(`${document.messages().length} messages, ${bad.length} errors and warnings`)
process.exit(document && bad.length === 0 ? 0 : 1)
