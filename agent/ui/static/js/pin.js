// The step of a task that takes somebody's PIN. The digits live in a variable of this step only: they never stand in the page, are
// sent once and forgotten at once, whatever the answer is.
import { keyed } from './amount.js';
import { ask } from './api.js';
import { button, el, setText, show } from './dom.js';
import { t } from './i18n.js';
import { keypad } from './keypad.js';
import { inWords } from './problems.js';
import * as sheet from './sheet.js';

const longest = 12;

/**
 * askPIN opens the step. text says what the PIN is for and what it means for the money; people are who may be chosen; yes names
 * the button; submit(person, pin) answers like api.ask; done(data) goes on after it was taken.
 */
export function askPIN({ name, title, text, people, chosen = '', yes, submit, done, back }) {
  let digits = '';
  let who = chosen || (people.length === 1 ? people[0].id : '');
  let busy = false;
  const dots = el('output', { class: 'pin-dots', 'data-testid': 'pin-dots' });
  const error = el('p', { class: 'pin-error', role: 'alert', 'data-testid': 'pin-error' });
  const go = button('pin-confirm', yes, 'Enter', send, 'button-primary button-wide');

  function draw() {
    setText(dots, digits === '' ? t('pin.empty') : '●'.repeat(digits.length));
    dots.classList.toggle('is-empty', digits === '');
    dots.setAttribute('aria-label', t('pin.length', { n: digits.length }));
    go.disabled = busy || who === '' || digits === '';
    setText(go.firstElementChild, busy ? t('pin.checking') : yes);
    show(error, error.textContent !== '');
  }

  function press(key) {
    if (busy) return undefined;
    if (key === 'enter') return send();
    setText(error, '');
    if (key === 'clear') digits = '';
    else digits = key === 'backspace' ? digits.slice(0, -1) : (digits + key).slice(0, longest);
    return draw();
  }

  async function send() {
    if (busy || who === '' || digits === '') return;
    const pin = digits;
    digits = '';
    busy = true;
    draw();
    const answer = await submit(who, pin);
    busy = false;
    if (answer.kind === 'done') return done(answer.data);
    setText(error, answer.kind === 'refused' ? inWords(answer.data) : t('pin.silent'));
    draw();
  }

  const names = people.map((person) => ({ id: person.id, label: person.name }));
  const pick = (id) => {
    who = id;
    digits = '';
    setText(error, '');
    draw();
  };
  const words = el(
    'div',
    { class: 'cash-words pin-words' },
    el('p', { class: 'pin-text', 'data-testid': 'pin-text' }, text),
    el('p', { class: 'sum-label' }, t('pin.who')),
    names.length > 0
      ? sheet.choice('person', t('pin.who'), names, () => who, pick)
      : el('p', { class: 'pin-error', role: 'alert', 'data-testid': 'pin-nobody' }, t('pin.no_people')),
    el('p', { class: 'sum-label' }, t('pin.label')),
    dots,
    error,
  );
  const body = el('div', { class: 'cash-body' }, words, el('div', { class: 'cash-keys' }, keypad('pin', press, 'pad.take'), go));
  const closed = () => {
    digits = '';
  };
  draw();
  sheet.open({ name, title, body, secret: true, digit: press, key: keyed(press), back, closed });
}

/** check asks the till whether person and PIN belong together, and whether the person may do it. */
export const check = (person, digits, role) => ask('POST', '/v1/people/verify', { person, pin: digits, role });
