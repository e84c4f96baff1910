// The dialog for cash: what the customer hands over, by note or by digits. Enter with nothing keyed means the exact amount.
import { button, find, setText } from './dom.js';
import { locale, t } from './i18n.js';
import { keypad } from './keypad.js';
import { format, push, typed } from './money.js';
import { suggest } from './notes.js';

let digits = '';
let sale = null; // {amount, currency, exponent}
let paid = () => {};

const money = (amount) => format(amount, sale.currency, locale(), sale.exponent);

/** attach builds the dialog; onPaid(tendered) gets the minor units handed over. */
export function attach(onPaid) {
  paid = onPaid;
  find('cash-pad').append(keypad('cash', press, 'pad.take'));
  find('cash-close').addEventListener('click', close);
  find('cash-confirm').addEventListener('click', confirm);
}

/** open asks for the money of a sale. step is the smallest sum that can be paid in coins: what is due is rounded to it. */
export function open(asked, currency, exponent, step = 1) {
  const amount = inCoins(asked, step);
  sale = { amount, asked, currency, exponent };
  digits = '';
  const notes = suggest(amount, currency, exponent);
  find('cash-notes').replaceChildren(
    ...notes.map((note, index) =>
      button(
        index === 0 ? 'cash-exact' : `cash-note-${note}`,
        index === 0 ? t('cash.exact') : money(note),
        '',
        () => take(note),
        'note',
      ),
    ),
  );
  find('cash').showModal();
  draw();
  find('cash-confirm').focus();
}

/** inCoins rounds to the nearest sum in coins, half a step up, as the till does. */
const inCoins = (amount, step) => (step > 1 ? Math.floor((amount * 2 + step) / (step * 2)) * step : amount);

/** isOpen says whether the keys belong to this dialog. */
export const isOpen = () => find('cash').open;

/** press takes a key of the pad or of the keyboard. */
export function press(key) {
  if (key === 'enter') return confirm();
  if (key === 'clear') digits = '';
  else digits = key === 'backspace' ? digits.slice(0, -1) : push(digits, key);
  draw();
}

/** close gives up the dialog; nothing has begun. */
export function close() {
  find('cash').close();
}

/** keyed and key let a scan take back what it typed. */
export const keyed = () => digits;
export function key(text) {
  digits = text;
  draw();
}

/** draw writes the amounts, and how much is missing. */
export function draw() {
  if (!sale || !isOpen()) return;
  const given = digits === '' ? sale.amount : typed(digits);
  const missing = sale.amount - given;
  setText(find('cash-total'), money(sale.amount));
  setText(find('cash-rounding'), sale.amount === sale.asked ? '' : t('cash.rounded', { amount: money(sale.asked) }));
  setText(find('cash-tendered'), digits === '' ? t('cash.exactly') : money(given));
  setText(
    find('cash-change'),
    missing > 0 ? t('cash.missing', { amount: money(missing) }) : t('cash.change', { amount: money(-missing) }),
  );
  find('cash').classList.toggle('is-short', missing > 0);
  find('cash-confirm').disabled = missing > 0;
}

function confirm() {
  const given = digits === '' ? sale.amount : typed(digits);
  if (given >= sale.amount) take(given);
}

function take(amount) {
  close();
  paid(amount);
}
