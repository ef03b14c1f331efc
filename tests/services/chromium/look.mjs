// Opens pages in Debian's Chromium, as people see them, and prints what it found as JSON: one object for each view.
//
//   node look.mjs MODULES OUT KIND NAME=FILE...     MODULES holds node_modules; KIND is report, large or comment
//
// For each page: light and dark on a desk, light on a phone. OUT gets a PNG for each.
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { pathToFileURL } from 'node:url';

const [modules, out, kind, ...pages] = process.argv.slice(2);
const puppeteer = (await import(pathToFileURL(path.join(path.resolve(modules), 'node_modules/puppeteer-core/lib/esm/puppeteer/puppeteer-core.js')))).default;

const desk = { width: 1280, height: 900 };
const phone = { width: 390, height: 844, deviceScaleFactor: 2, isMobile: true, hasTouch: true };
const views = [['light', 'light', desk], ['dark', 'dark', desk], ['phone', 'light', phone], ['phone-dark', 'dark', phone]];

// In the page: what is wider than the window, and text that is hard to read (WCAG 2 asks for 4.5 to 1).
const measure = () => {
  const colour = (text) => {
    const [r, g, b, a = 1] = text.match(/[\d.]+/g).map(Number);
    return { rgb: [r, g, b], a };
  };
  const luminance = ({ rgb }) => rgb
    .map((part) => part / 255)
    .map((part) => (part <= 0.04045 ? part / 12.92 : ((part + 0.055) / 1.055) ** 2.4))
    .reduce((sum, part, index) => sum + part * [0.2126, 0.7152, 0.0722][index], 0);
  const ground = (element) => {
    for (let at = element; at; at = at.parentElement) {
      const found = colour(getComputedStyle(at).backgroundColor);
      if (found.a === 1) return found;
    }
    return { rgb: [255, 255, 255], a: 1 };
  };
  const faint = new Set();
  for (const element of document.body.querySelectorAll('*')) {
    const text = [...element.childNodes].some((node) => node.nodeType === Node.TEXT_NODE && node.data.trim());
    if (!text || !element.checkVisibility() || ['SCRIPT', 'STYLE', 'OPTION'].includes(element.tagName)) continue;
    const [one, other] = [colour(getComputedStyle(element).color), ground(element)].map(luminance);
    const ratio = (Math.max(one, other) + 0.05) / (Math.min(one, other) + 0.05);
    if (ratio < 4.5) faint.add(`${element.tagName.toLowerCase()}.${element.className}: ${ratio.toFixed(2)}`);
  }
  const root = document.documentElement;
  return { overflow: root.scrollWidth - root.clientWidth, faint: [...faint] };
};

// What has the focus, and whether one sees that it has.
const focused = () => {
  const element = document.activeElement;
  const style = getComputedStyle(element);
  const seen = element.matches(':focus-visible') && style.outlineStyle !== 'none' && parseFloat(style.outlineWidth) >= 2;
  return { name: element.id || element.tagName.toLowerCase(), seen };
};

// A report by keyboard alone: `/` to the filter, the state by arrow keys, a sample opened, everything reached by Tab.
const byKeyboard = async (page) => {
  const count = () => page.$eval('#count', (element) => element.textContent);
  const steps = {};
  steps.before = await count();
  await page.keyboard.press('/');
  steps.slash = await page.evaluate(focused);
  await page.keyboard.type('nothing has this');
  steps.none = await count();
  for (let left = 16; left > 0; left--) await page.keyboard.press('Backspace');
  steps.again = await count();
  await page.keyboard.down('Shift');
  for (let left = 3; left > 0; left--) await page.keyboard.press('Tab');
  await page.keyboard.up('Shift');
  steps.state = await page.evaluate(focused);
  await page.keyboard.press('ArrowDown');
  steps.all = await count();
  const order = [];
  for (let left = 4; left > 0; left--) {
    await page.keyboard.press('Tab');
    order.push(await page.evaluate(focused));
  }
  steps.order = order;
  await page.keyboard.press('Enter');
  await page.waitForSelector('#samples details[open] .answers', { timeout: 5000 }).catch(() => {});
  steps.opened = await page.$eval('#samples details', (element) => element.open && element.querySelectorAll('.answers pre').length);
  // From old to new: what is gone left, what is new right.
  steps.sides = await page.$$eval('#samples details[open] .answers > div', (sides) =>
    sides.map((side) => [side.firstChild.textContent.includes('on base'), side.querySelectorAll('del').length > 0, side.querySelectorAll('ins').length > 0]));
  return steps;
};

const profile = fs.mkdtempSync(path.join(os.tmpdir(), 'chromium-'));
const browser = await puppeteer.launch({
  executablePath: ['/usr/bin/chromium', '/usr/bin/google-chrome'].find(fs.existsSync),
  userDataDir: profile,
  args: ['--headless', '--no-sandbox', '--disable-gpu', '--disable-quic', '--no-first-run', '--disable-background-networking',
    '--disable-component-update', '--disable-sync', '--hide-scrollbars', '--force-color-profile=srgb'],
});
const found = [];
try {
  for (const given of pages) {
    const split = given.indexOf('=');
    const [name, file] = [given.slice(0, split), path.resolve(given.slice(split + 1))];
    for (const [view, scheme, viewport] of kind === 'large' ? views.slice(0, 1) : views) {
      const page = await browser.newPage();
      const requests = [], complaints = [];
      page.on('request', (request) => { if (request.url() !== pathToFileURL(file).href) requests.push(request.url()); });
      page.on('console', (message) => { if (['error', 'warn'].includes(message.type())) complaints.push(message.text()); });
      page.on('pageerror', (error) => complaints.push(String(error)));
      await page.setViewport(viewport);
      await page.emulateMediaFeatures([{ name: 'prefers-color-scheme', value: scheme }]);
      await page.goto(pathToFileURL(file).href, { waitUntil: 'load' });
      // Drawn: two frames after everything is there.
      const loaded = await page.evaluate(() => new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(() => done(performance.now())))));
      const result = { page: name, view, loaded_ms: Math.round(loaded) };
      if (kind === 'report' && view === 'light') result.keyboard = await byKeyboard(page);
      // Everything that can be folded out is, so that the picture shows it.
      await page.evaluate(() => { for (const folded of [...document.querySelectorAll('details')].slice(0, 3)) folded.open = true; });
      await page.evaluate(() => new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done))));
      Object.assign(result, await page.evaluate(measure), { requests, complaints });
      result.picture = path.join(path.resolve(out), `${name}-${view}.png`);
      await page.evaluate(() => { document.activeElement.blur(); window.scrollTo(0, 0); });
      const height = await page.evaluate(() => Math.min(document.documentElement.scrollHeight, 4000));
      await page.screenshot({ path: result.picture, clip: { x: 0, y: 0, width: viewport.width, height }, captureBeyondViewport: true });
      if (kind === 'large') {
        // A filter over all samples, typed.
        result.filter_ms = await page.evaluate(() => {
          const begin = performance.now();
          const input = document.getElementById('text');
          input.value = 'n4999';
          input.dispatchEvent(new Event('input', { bubbles: true }));
          document.getElementById('samples').getBoundingClientRect();
          return Math.round(performance.now() - begin);
        });
        result.filtered = await page.$eval('#count', (element) => element.textContent);
      }
      found.push(result);
      await page.close();
    }
  }
} finally {
  await browser.close();
  fs.rmSync(profile, { recursive: true, force: true });
}
console.log(JSON.stringify(found, null, 1));
