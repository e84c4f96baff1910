// The grid of goods: tap to sell. Long lists are cut by group and by search, since a till has no time to scroll.
import { el, find, setText, show } from './dom.js';
import { t } from './i18n.js';
import { state } from './state.js';

const most = 60;
let group = '';
let search = '';
let drawn = '';

/** attach listens; sell(item) puts goods into the sale, scan(text) takes what a scanner typed into the search field. */
export function attach(sell, scan, redraw) {
  const field = find('goods-search');
  field.addEventListener('input', () => {
    search = field.value;
    redraw();
  });
  field.addEventListener('keydown', (event) => {
    if (event.key !== 'Enter') return;
    event.preventDefault();
    const found = matching();
    if (found.length === 0 && search !== '') scan(search);
    if (found.length > 0) sell(found[0]);
    field.value = search = '';
    field.blur();
    redraw();
  });
  find('goods').addEventListener('click', (event) => {
    const tile = event.target.closest('[data-code]');
    if (tile) sell(state.goods.find((item) => item.code === tile.dataset.code));
  });
  find('groups').addEventListener('click', (event) => {
    const chip = event.target.closest('[data-group]');
    if (chip) {
      group = chip.dataset.group;
      redraw();
    }
  });
}

function matching() {
  const wanted = search.trim().toLowerCase();
  if (wanted !== '')
    return state.goods.filter((item) => item.code.startsWith(wanted) || item.name.toLowerCase().includes(wanted));
  return group === '' ? state.goods : state.goods.filter((item) => item.group === group);
}

/** draw makes the tiles anew only when they are others. */
export function draw(money) {
  const has = Boolean(state.status?.shop?.goods);
  document.body.classList.toggle('has-goods', has);
  show(find('goods-panel'), has);
  const key = JSON.stringify([state.goods.length, state.goods[0]?.code, group, search, document.documentElement.lang]);
  if (!has || key === drawn) return;
  drawn = key;
  const found = matching();
  show(find('goods-search'), state.goods.length > 24);
  find('groups').replaceChildren(...chips());
  find('goods').replaceChildren(...found.slice(0, most).map((item) => tile(item, money)));
  setText(
    find('goods-more'),
    found.length > most ? t('goods.more', { n: found.length - most }) : found.length === 0 ? t('goods.none') : '',
  );
}

function chips() {
  const names = [...new Set(state.goods.map((item) => item.group).filter(Boolean))];
  if (names.length < 2) return [];
  return ['', ...names].map((name) =>
    el(
      'button',
      { type: 'button', class: 'chip', 'data-group': name, 'aria-pressed': String(name === group) },
      name === '' ? t('goods.all') : name,
    ),
  );
}

function tile(item, money) {
  return el(
    'button',
    { type: 'button', class: 'tile', 'data-code': item.code, 'data-testid': `goods-${item.code}` },
    el('span', { class: 'tile-name' }, item.name),
    el('span', { class: 'tile-price' }, money(item.price)),
  );
}
