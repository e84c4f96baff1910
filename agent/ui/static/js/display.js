// The customer's screen: wires what is known to what is drawn.
import { symbol } from './crisp.js';
import { el, find, icon, setText, show } from './dom.js';
import { follow as followLanguage, locale, t, translate } from './i18n.js';
import * as live from './live.js';
import { format } from './money.js';
import { changed, follow, state } from './state.js';
import * as store from './store.js';
import { pick } from './shown.js';
import { left, span } from './when.js';

const qr = symbol(find('qr'), () => Math.min(find('qr-room').clientWidth, find('qr-room').clientHeight));
const most = 5; // lines of goods that fit

function money(amount, currency) {
  const shop = state.status?.shop;
  const own = currency ?? shop?.currency;
  return own ? format(amount, own, locale(), own === shop?.currency ? shop.exponent : undefined) : '';
}

function line(id, text = '') {
  setText(find(id), text);
  show(find(id), text !== '');
}

function draw() {
  const scene = pick(store.read());
  const root = find('display');
  Object.assign(root.dataset, { status: scene.status, tone: scene.tone, tender: scene.tender ?? '' });
  root.className = `display tone-${scene.tone}`;
  if (find('display-symbol').dataset.name !== scene.symbol) {
    find('display-symbol').dataset.name = scene.symbol ?? '';
    find('display-symbol').replaceChildren(...(scene.symbol ? [icon(scene.symbol)] : []));
  }
  line('display-word', t(scene.word));
  line('display-amount', scene.amount === undefined ? '' : money(scene.amount, scene.currency));
  line('display-change', scene.change ? t('display.change', { amount: money(scene.change, scene.currency) }) : '');
  line('display-text', scene.text ? t(scene.text) : '');
  line('display-countdown', scene.ends && left(scene.ends) > 0 ? t('countdown.left', { time: span(left(scene.ends)) }) : '');
  lines(scene.lines ?? []);
  show(find('qr-room'), Boolean(scene.qr));
  root.classList.toggle('has-qr', Boolean(scene.qr));
  qr.want(scene.qr);
  line('display-foot', foot());
  setText(find('spoken'), [t(scene.word), find('display-amount').textContent].filter(Boolean).join('. '));
}

function foot() {
  if (state.paired === false) return t('display.unpaired');
  return state.goneSince === 0 ? '' : t('display.gone');
}

let drawn = '';

function lines(all) {
  const key = JSON.stringify([all, locale()]);
  if (key === drawn) return;
  drawn = key;
  const last = all.slice(-most);
  const rows = last.map((one) =>
    el(
      'li',
      {},
      el('span', {}, `${one.quantity > 1 ? `${one.quantity} × ` : ''}${one.name ?? t('cart.amount')}`),
      el('span', {}, money(one.price * one.quantity)),
    ),
  );
  if (all.length > last.length) rows.unshift(el('li', { class: 'quiet' }, t('display.earlier', { n: all.length - last.length })));
  find('display-lines').replaceChildren(...rows);
}

translate(document.body);
follow(draw);
store.follow(changed);
followLanguage(changed);
setInterval(draw, 1000);
live.start({});
changed();
