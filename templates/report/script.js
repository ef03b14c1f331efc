"use strict";
// Samples are drawn from the data below the page. Text goes in as text, never as markup.
const data = JSON.parse(document.getElementById("data").textContent);
const get = (id) => document.getElementById(id);
const page = 100;
let shown = page;

const make = (tag, className, text) => {
  const element = document.createElement(tag);
  if (className) element.className = className;
  if (text !== undefined) element.textContent = text;
  return element;
};

// Characters that act instead of showing are shown as their code.
const visible = (text) => text.replace(/[\u0000-\u0008\u000b-\u001f\u007f-\u009f\u200b-\u200f\u202a-\u202e\u2060-\u2069\ufeff]/g,
  (c) => "\\u{" + c.charCodeAt(0).toString(16) + "}");

const bySuite = new Map(data.suites.map((suite, index) => [suite, index]));
for (const select of [get("suite"), get("beside")]) {
  for (const [suite, index] of bySuite) select.append(new Option(suite, String(index)));
}
const key = (sample) => sample.case + "\u0000" + sample.repeat;
const besideIndex = new Map();
for (const sample of data.samples) {
  if (!besideIndex.has(sample.suite)) besideIndex.set(sample.suite, new Map());
  besideIndex.get(sample.suite).set(key(sample), sample);
  sample.search = [sample.case, sample.answer, sample.error, ...sample.assertions.map((a) => a.label + " " + a.reason), JSON.stringify(sample.vars)].join(" ").toLowerCase();
}

// Words that only one of two answers has, by the longest common subsequence; long answers are shown as they are.
const difference = (left, right) => {
  const a = left.split(/(\s+)/), b = right.split(/(\s+)/);
  if (a.length * b.length > 400000) return null;
  const width = b.length + 1, lengths = new Uint16Array((a.length + 1) * width);
  for (let i = a.length - 1; i >= 0; i--) {
    for (let j = b.length - 1; j >= 0; j--) {
      lengths[i * width + j] = a[i] === b[j] ? lengths[(i + 1) * width + j + 1] + 1 : Math.max(lengths[(i + 1) * width + j], lengths[i * width + j + 1]);
    }
  }
  const parts = [[], []];
  let i = 0, j = 0;
  while (i < a.length || j < b.length) {
    if (i < a.length && j < b.length && a[i] === b[j]) { parts[0].push(["", a[i++]]); parts[1].push(["", b[j++]]); }
    else if (j >= b.length || (i < a.length && lengths[(i + 1) * width + j] >= lengths[i * width + j + 1])) parts[0].push(["del", a[i++]]);
    else parts[1].push(["ins", b[j++]]);
  }
  return parts;
};

const answer = (sample, parts) => {
  const box = make("div");
  const notes = [data.suites[sample.suite], sample.state];
  if (sample.latency) notes.push(sample.latency + (sample.replayed ? " (replayed)" : ""));
  if (sample.tokens) notes.push(sample.tokens + " tokens");
  if (sample.cost) notes.push(sample.cost);
  if (sample.attempts > 1) notes.push(sample.attempts + " requests");
  box.append(make("p", "quiet", notes.join(" · ")));
  const text = make("pre");
  if (sample.answer === null) text.append(make("span", "error", visible(sample.error || "no answer")));
  else if (parts) for (const [tag, part] of parts) text.append(tag ? make(tag, "", visible(part)) : visible(part));
  else text.textContent = sample.answer === "" ? "(empty)" : visible(sample.answer);
  box.append(text);
  const list = make("ul");
  for (const assertion of sample.assertions) {
    const note = assertion.weight === 0 ? " (informational)" : "";
    list.append(make("li", assertion.passed ? "passed" : "failed", (assertion.passed ? "✓ " : "✗ ") + visible(assertion.label) + note + ": " + visible(assertion.reason)));
  }
  box.append(list);
  for (const grader of sample.graders) {
    const asked = make("details"), prompt = make("pre");
    asked.append(make("summary", "quiet", visible(grader.said)));
    prompt.textContent = visible(grader.prompt);
    asked.append(prompt);
    box.append(asked);
  }
  return box;
};

const marks = {passed: "✓", failed: "✗", error: "?", "not-run": "?"};
const draw = (sample) => {
  const box = make("details"), head = make("summary"), body = make("div", "body");
  head.append(make("span", sample.state, marks[sample.state] + " " + sample.state), " " + visible(data.suites[sample.suite] + " / " + sample.case + (sample.repeat ? " [repeat " + (sample.repeat + 1) + "]" : "")));
  const reason = sample.assertions.find((a) => !a.passed && a.weight > 0);
  const why = reason ? reason.reason : sample.error;
  if (why) head.append(make("span", "quiet", " — " + visible(why.length > 200 ? why.slice(0, 200) + "…" : why)));
  box.append(head, body);
  box.addEventListener("toggle", () => {
    if (!box.open || body.childElementCount) return;
    body.append(make("p", "quiet", "variables: " + visible(JSON.stringify(sample.vars))));
    const beside = get("beside").value === "" ? data.bases[sample.suite] : Number(get("beside").value);
    const other = beside === null ? null : besideIndex.get(beside)?.get(key(sample));
    // From left to right as from old to new: base before head, so that what is gone stands left and what is new right.
    const pair = !other || other === sample ? [sample] : other.base && !sample.base ? [other, sample] : [sample, other];
    const answers = make("div", pair.length > 1 ? "answers two" : "answers");
    const parts = pair.length > 1 && pair.every((one) => one.answer !== null) ? difference(pair[0].answer, pair[1].answer) : null;
    pair.forEach((one, place) => answers.append(answer(one, parts && parts[place])));
    body.append(answers);
  });
  return box;
};

const update = () => {
  const state = get("state").value, suite = get("suite").value, text = get("text").value.toLowerCase();
  const found = data.samples.filter((sample) =>
    (state === "all" || (state === "open" ? sample.state !== "passed" : sample.state === state)) &&
    (suite === "" ? !sample.base : sample.suite === Number(suite)) && (text === "" || sample.search.includes(text)));
  get("count").textContent = found.length + " of " + data.samples.filter((sample) => suite !== "" || !sample.base).length + " samples" + (found.length > shown ? ", the first " + shown + " shown" : "");
  get("samples").replaceChildren(...found.slice(0, shown).map(draw));
  get("more").hidden = found.length <= shown;
};
for (const id of ["state", "suite", "beside", "text"]) get(id).addEventListener("input", () => { shown = page; update(); });
get("filters").addEventListener("submit", (event) => event.preventDefault());
get("more").addEventListener("click", () => { shown += page; update(); });
document.addEventListener("keydown", (event) => {
  if (event.key === "/" && !["INPUT", "SELECT", "TEXTAREA"].includes(document.activeElement.tagName)) { event.preventDefault(); get("text").focus(); }
});
if (!data.samples.some((sample) => !sample.base && sample.state !== "passed")) get("state").value = "all";
update();
