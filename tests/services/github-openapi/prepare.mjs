// Prism lets any body pass where a part of its schema is `nullable` and has no type (`oneOf` with `nullable`): this drops
// `nullable` there, so that such bodies are held to their schema too. We send no null.
//
//   node prepare.mjs DESCRIPTION...     rewrites each file
import fs from 'node:fs';

const mend = (value) => {
  if (value === null || typeof value !== 'object') return;
  if (value.nullable === true && value.type === undefined && (value.oneOf || value.anyOf || value.allOf)) delete value.nullable;
  Object.values(value).forEach(mend);
};
for (const file of process.argv.slice(2)) {
  const description = JSON.parse(fs.readFileSync(file, 'utf8'));
  mend(description);
  fs.writeFileSync(file, JSON.stringify(description));
}
