// Makes the HTML catalogue of an AsyncAPI file: node catalogue.mjs FILE DIRECTORY
// The page asks nothing of any other machine: the AsyncAPI project's React component and its styles
// are laid beside it, and the document, already parsed, is in it.
import { copyFile, mkdir, readFile, writeFile } from 'node:fs/promises'
import { createRequire } from 'node:module'
import { dirname, join, resolve } from 'node:path'
import { Parser, stringify } from '@asyncapi/parser'

const [source, target] = process.argv.slice(2).map((path) => resolve(path))
const { document } = await new Parser().parse(await readFile(source, 'utf8'), { source })
if (!document) {
  console.error(`${source} can't be read as AsyncAPI: node validate.mjs says why`)
  process.exit(1)
}
const component = dirname(createRequire(import.meta.url).resolve('@asyncapi/react-component/package.json'))
const config = { show: { sidebar: true, errors: false }, sidebar: { showOperations: 'byDefault' } }
const inScript = (value) => JSON.stringify(value).replaceAll('<', '\\u003c')
const page = `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>${document.info().title()} ${document.info().version()}</title>
<link rel="stylesheet" href="catalogue.css">
</head>
<body>
<div id="catalogue"></div>
<script src="catalogue.js"></script>
<script>
AsyncApiStandalone.render(
  { schema: ${inScript(stringify(document))}, config: ${inScript(config)} },
  document.getElementById('catalogue'),
)
</script>
</body>
</html>
`
await mkdir(target, { recursive: true })
await copyFile(join(component, 'browser/standalone/without-parser.js'), join(target, 'catalogue.js'))
await copyFile(join(component, 'styles/default.min.css'), join(target, 'catalogue.css'))
await writeFile(join(target, 'index.html'), page)
console.log(`${join(target, 'index.html')}: ${document.messages().length} messages`)
