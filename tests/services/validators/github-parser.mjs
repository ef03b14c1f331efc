// Reads workflows and actions with GitHub's own parser (npm @actions/languageservice) and prints what it finds wrong.
//
//   node github-parser.mjs MODULES FOLDER [OURS]     MODULES holds node_modules; OURS holds the reusable workflows that FOLDER's call
import fs from 'node:fs';
import { register } from 'node:module';
import path from 'node:path';
import { pathToFileURL } from 'node:url';

// Node 20 wants JSON imports to say that they are JSON; the parser's do not.
const hook = `export const load = (url, context, next) =>
  next(url, url.endsWith('.json') ? { ...context, importAttributes: { type: 'json' } } : context);`;
register('data:text/javascript,' + encodeURIComponent(hook));

const [modules, folder, ours = folder] = process.argv.slice(2).map((given) => path.resolve(given));
const load = (file) => import(pathToFileURL(path.join(modules, 'node_modules', file)));
const { validate } = await load('@actions/languageservice/dist/index.js');
const { TextDocument } = await load('vscode-languageserver-textdocument/lib/esm/main.js');

const actions = (below) =>
  fs.readdirSync(path.join(folder, below), { withFileTypes: true }).flatMap((entry) => {
    const name = path.join(below, entry.name);
    if (entry.isDirectory()) return ['.git', 'node_modules', 'target'].includes(entry.name) ? [] : actions(name);
    return /^action\.ya?ml$/.test(entry.name) ? [name] : [];
  });
const workflows = fs.readdirSync(path.join(folder, '.github/workflows')).filter((name) => /\.ya?ml$/.test(name));
const files = [...workflows.map((name) => path.join('.github/workflows', name)), ...actions('.')];

// `uses: ./…` and `uses: $/…` are read from the folder; what lies elsewhere cannot be read without a network.
const read = (name, below = folder) => fs.readFileSync(path.join(below, name), 'utf8');
const fileProvider = {
  getFileContent: async (place) => {
    if (place.owner) return { name: place.path, content: read(place.path, ours) };
    const name = (place.path ?? place.repository ?? '').replace(/^[.$]\//, '');
    return { name: place.path, content: read(name) };
  },
};
let wrong = 0;
for (const file of files) {
  for (const found of await validate(TextDocument.create('file:///' + file, 'yaml', 1, read(file)), { fileProvider })) {
    if (/^Unable to resolve action `(?!\.)/.test(found.message)) continue;
    const { line, character } = found.range.start;
    console.log(`${file}:${line + 1}:${character + 1}: ${found.message}`);
    if ((found.severity ?? 1) === 1) wrong += 1;
  }
}
if (files.length === 0) console.log('there is nothing to read');
process.exit(wrong > 0 || files.length === 0 ? 1 : 0);
