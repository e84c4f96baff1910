// Languages: picks one, keeps the choice, and turns keys into words.
import { en } from './en.js';
import { zh } from './zh.js';

const words = { en, 'zh-CN': zh };
const kept = 'tillproof.language';
let language = [localStorage.getItem(kept), ...navigator.languages].filter(Boolean)
  .map((tag) => (tag.startsWith('zh') ? 'zh-CN' : tag.split('-')[0])).find((tag) => tag in words) ?? 'en';

/** locale is the language of numbers and times. */
export const locale = () => language;

/** say turns a key into words; {name} is replaced by the value of that name. An unknown key says itself. */
export function say(key, values = {}) {
  return (words[language][key] ?? key).replace(/\{(\w+)\}/g, (_, name) => values[name] ?? '');
}

/** choose changes the language and keeps it. */
export function choose(tag) {
  language = tag;
  localStorage.setItem(kept, tag);
  label();
}

/** label puts the words into the page. */
export function label() {
  document.documentElement.lang = language;
  document.title = say('title');
  for (const place of document.querySelectorAll('[data-text]')) place.textContent = say(place.dataset.text);
  for (const chip of document.querySelectorAll('[data-language]')) chip.setAttribute('aria-pressed', String(chip.dataset.language === language));
}
