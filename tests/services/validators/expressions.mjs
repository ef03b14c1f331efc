// Evaluates GitHub's expressions with GitHub's own evaluator (npm @actions/expressions): a question a line on standard input, its
// answer a line on standard output.
//
//   node expressions.mjs MODULES                     MODULES holds node_modules
//   {"kind": "value", "text": "a ${{ inputs.b }}", "context": {…}}          gives {"value": …}
//   {"kind": "if", "text": "failure()", "context": {…}, "status": {"success": false, "failure": true, "cancelled": false}, "workspace": "/…"}
import crypto from 'node:crypto';
import fs from 'node:fs';
import path from 'node:path';
import readline from 'node:readline';
import { pathToFileURL } from 'node:url';

const modules = path.resolve(process.argv[2]);
const { Lexer, Parser, Evaluator, data } = await import(
  pathToFileURL(path.join(modules, 'node_modules/@actions/expressions/dist/index.js'))
);

const into = (value) => {
  if (value === null || value === undefined) return new data.Null();
  if (typeof value === 'string') return new data.StringData(value);
  if (typeof value === 'number') return new data.NumberData(value);
  if (typeof value === 'boolean') return new data.BooleanData(value);
  if (Array.isArray(value)) return new data.Array(...value.map(into));
  return new data.Dictionary(...Object.entries(value).map(([key, inner]) => ({ key, value: into(inner) })));
};
const outOf = (value) => {
  switch (value.kind) {
    case data.Kind.Null:
      return null;
    case data.Kind.Array:
      return value.values().map(outOf);
    case data.Kind.Dictionary:
      return Object.fromEntries(value.pairs().map(({ key, value: inner }) => [key, outOf(inner)]));
    default:
      return value.value;
  }
};
const truthy = (value) => {
  const plain = outOf(value);
  return !(plain === null || plain === false || plain === 0 || plain === '' || Number.isNaN(plain));
};

// The files of `folder/*` or of one name; GitHub's hash is over all of them, and empty where there is none.
const hashFiles = (workspace, patterns) => {
  const hash = crypto.createHash('sha256');
  let found = false;
  for (const pattern of patterns) {
    const folder = path.join(workspace, path.dirname(pattern));
    const wanted = path.basename(pattern);
    if (/[*?[]/.test(path.dirname(pattern)) || (/[*?[]/.test(wanted) && wanted !== '*')) throw new Error(`hashFiles('${pattern}')`);
    for (const entry of fs.existsSync(folder) ? fs.readdirSync(folder, { withFileTypes: true }) : []) {
      if (!entry.isFile() || (wanted !== '*' && entry.name !== wanted)) continue;
      found = true;
      hash.update(fs.readFileSync(path.join(folder, entry.name)));
    }
  }
  return found ? hash.digest('hex') : '';
};

const STATUS = ['success', 'failure', 'cancelled', 'always'];
const evaluate = (text, { context, status, workspace }) => {
  const { tokens } = new Lexer(text).lex();
  const known = [
    ...(status ? STATUS.map((name) => ({ name, minArgs: 0, maxArgs: 0, call: () => into(name === 'always' || status[name]) })) : []),
    ...(workspace ? [{ name: 'hashfiles', minArgs: 1, maxArgs: 255, call: (...given) => into(hashFiles(workspace, given.map(outOf))) }] : []),
  ];
  const tree = new Parser(tokens, Object.keys(context), known).parse();
  const value = new Evaluator(tree, into(context), new Map(known.map((one) => [one.name, one]))).evaluate();
  const asked = tokens.some((token, at) => STATUS.includes(token.lexeme.toLowerCase()) && tokens[at + 1]?.lexeme === '(');
  return { value, asked };
};

// The parts of a text: what stands between `${{` and the `}}` that no quote hides.
const parts = (text) => {
  const found = [];
  let rest = text;
  for (;;) {
    const start = rest.indexOf('${{');
    if (start < 0) break;
    let quoted = false;
    let at = start + 3;
    while (at < rest.length && (quoted || !rest.startsWith('}}', at))) {
      if (rest[at] === "'") quoted = !quoted;
      at += 1;
    }
    if (at >= rest.length) throw new Error(`an expression does not end: ${text}`);
    if (start > 0) found.push({ literal: rest.slice(0, start) });
    found.push({ expression: rest.slice(start + 3, at).trim() });
    rest = rest.slice(at + 2);
  }
  if (rest !== '') found.push({ literal: rest });
  return found;
};

const answer = (question) => {
  const pieces = parts(question.text);
  if (question.kind === 'if') {
    const whole = pieces.length === 1 && pieces[0].expression !== undefined ? pieces[0].expression : question.text;
    const { value, asked } = evaluate(whole, question);
    // A condition that asks for no status asks for success, too.
    return truthy(value) && (asked || question.status.success);
  }
  if (pieces.length === 1 && pieces[0].expression !== undefined) return outOf(evaluate(pieces[0].expression, question).value);
  return pieces.map((piece) => piece.literal ?? evaluate(piece.expression, question).value.coerceString()).join('');
};

for await (const line of readline.createInterface({ input: process.stdin })) {
  let said;
  try {
    said = { value: answer(JSON.parse(line)) };
  } catch (error) {
    said = { error: String(error.message ?? error) };
  }
  process.stdout.write(JSON.stringify(said) + '\n');
}
