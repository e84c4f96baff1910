// Short announcements that go by themselves. They are read out, and never the only place where something is said.
import { el, find } from './dom.js';

const stay = 6000;

/** toast shows a sentence; tone is a word for the stylesheet. */
export function toast(text, tone = 'plain') {
  const node = el('p', { class: `toast toast-${tone}`, 'data-testid': 'toast' }, text);
  find('toasts').replaceChildren(node);
  setTimeout(() => node.remove(), stay);
}
