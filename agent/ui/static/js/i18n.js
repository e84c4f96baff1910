// Languages: picks one, keeps the choice, and turns keys into words. Both dictionaries hold the same keys.
import { en } from './en.js';
import { zh } from './zh.js';

const dictionaries = { en, 'zh-CN': zh };
const kept = 'tillproof.language';
const listeners = new Set();
let language = pick(Object.keys(dictionaries));

/** pick chooses what was chosen before, or else the browser's first language among the allowed ones. */
function pick(allowed) {
  const wanted = [localStorage.getItem(kept), ...navigator.languages].filter(Boolean);
  for (const want of wanted) {
    const found = allowed.find((tag) => tag.split('-')[0] === want.split('-')[0]);
    if (found) return found;
  }
  return allowed[0];
}

/** offered maps a shop's languages to the dictionaries that exist; a shop that names none offers all. */
export function offered(shopLanguages = []) {
  const base = shopLanguages.map((tag) => tag.split('-')[0]);
  const found = Object.keys(dictionaries).filter((tag) => base.includes(tag.split('-')[0]));
  return found.length > 0 ? found : Object.keys(dictionaries);
}

/** allow keeps the language within what the shop offers. */
export function allow(shopLanguages) {
  change(pick(offered(shopLanguages)));
}

/** choose is the language switch. */
export function choose(tag) {
  localStorage.setItem(kept, tag);
  change(tag);
}

function change(tag) {
  if (tag === language && document.documentElement.lang === tag) return;
  language = tag;
  document.documentElement.lang = tag;
  translate(document.body);
  for (const listener of listeners) listener();
}

/** follow calls back when the language changes here or in another window. */
export function follow(listener) {
  listeners.add(listener);
}

window.addEventListener('storage', (event) => {
  if (event.key === kept && event.newValue) change(event.newValue);
});

/** locale is the tag for numbers and times. */
export const locale = () => language;

/** has says whether a key exists. */
export const has = (key) => key in dictionaries[language];

/** t gives the words of a key with {names} filled in. */
export function t(key, values = {}) {
  const text = dictionaries[language][key] ?? key;
  return text.replace(/\{(\w+)\}/g, (whole, name) => values[name] ?? whole);
}

/** translate fills everything below a node that names a key: its text by data-t, its label by data-t-label. */
export function translate(root) {
  for (const node of root.querySelectorAll('[data-t]')) node.textContent = t(node.dataset.t);
  for (const node of root.querySelectorAll('[data-t-label]')) node.setAttribute('aria-label', t(node.dataset.tLabel));
}
