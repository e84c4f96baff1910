// The step of a task that asks for an amount: a pad, the amount in large digits, and one button that names what it does.
import { button, el, setText } from './dom.js';
import { keypad } from './keypad.js';
import { push, typed } from './money.js';
import { money } from './price.js';
import * as sheet from './sheet.js';

/**
 * askAmount opens the step. value is what stands there before anything is keyed, least and most bound it; note(amount) is a remark
 * that follows the amount; yes(amount) names the button; then(amount) goes on; more are further nodes, back is the step before.
 */
export function askAmount({ name, title, label, value, least, most, note, yes, then, more = [], back, currency }) {
  let digits = '';
  const now = () => (digits === '' ? value : typed(digits));
  const fits = () => now() >= least && now() <= most;
  const figure = el('output', { class: 'cash-total', 'data-testid': 'amount-value' });
  const remark = el('output', { class: 'cash-change', 'data-testid': 'amount-note' });
  const go = button('amount-confirm', '', 'Enter', () => fits() && then(now()), 'button-primary button-wide');
  const draw = () => {
    setText(figure, money(now(), currency));
    setText(remark, note(now()));
    setText(go.firstElementChild, yes(now()));
    remark.parentElement?.classList.toggle('is-short', !fits() && now() > 0); // an empty pad is no mistake
    go.disabled = !fits();
  };
  const press = (key) => {
    if (key === 'enter') return fits() && then(now());
    if (key === 'clear') digits = '';
    else digits = key === 'backspace' ? digits.slice(0, -1) : push(digits, key);
    return draw();
  };
  const words = el('div', { class: 'cash-words' }, el('p', { class: 'sum-label' }, label), figure, remark, ...more);
  const keys = el('div', { class: 'cash-keys' }, keypad('amount', press, 'pad.take'), go);
  draw();
  sheet.open({ name, title, body: el('div', { class: 'cash-body' }, words, keys), digit: press, key: keyed(press), back });
  draw();
}

/** keyed turns names of keys into those of the pad. */
export function keyed(press) {
  const names = { Enter: 'enter', Backspace: 'backspace', Delete: 'clear' };
  return (name) => {
    if (names[name]) press(names[name]);
    return Boolean(names[name]);
  };
}
