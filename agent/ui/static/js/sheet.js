// The one dialog for everything that takes more than a tap: giving back, deciding, lists, the shift. It shows one view at a time.
import { el, find, setText } from './dom.js';

let view = null;

/** attach listens to the ways out that the browser has by itself. */
export function attach() {
  find('sheet-close').addEventListener('click', back);
  find('sheet-body').addEventListener('click', letGo);
  find('sheet').addEventListener('close', () => isOpen() || leave()); // the event comes late: the next view may be there
}

/** letGo takes the focus from what a finger pressed: the next Enter is for the whole view. */
function letGo(event) {
  if (event.detail > 0 && document.activeElement instanceof HTMLButtonElement) find('sheet-title').focus();
}

/**
 * open shows a view: {name, title, body, focus?, wide?, key?(name), digit?(digit), secret?, back?(), closed?(), tick?()}. A
 * secret view keeps its digits to itself. back is what Escape does where there is a step before; closed runs when the view goes,
 * whichever way.
 */
export function open(next) {
  leave();
  view = next;
  const sheet = find('sheet');
  sheet.dataset.sheet = next.name;
  sheet.classList.toggle('sheet-wide', Boolean(next.wide));
  setText(find('sheet-title'), next.title);
  find('sheet-body').replaceChildren(next.body);
  find('sheet-body').scrollTop = 0;
  if (!sheet.open) {
    document.activeElement.blur(); // else the Enter that ends a view presses once more what opened it
    sheet.showModal();
  }
  (next.focus ?? find('sheet-title')).focus();
}

/** isOpen says whether the keys belong to the sheet. */
export const isOpen = () => find('sheet').open;

/** shows says whether a view of this name is open. */
export const shows = (name) => isOpen() && view?.name === name;

/** isSecret says whether a PIN is being keyed. */
export const isSecret = () => isOpen() && Boolean(view?.secret);

/** close shuts the sheet. */
export function close() {
  leave();
  if (isOpen()) find('sheet').close();
}

function leave() {
  const gone = view;
  view = null;
  gone?.closed?.();
  if (gone) find('sheet-body').replaceChildren();
}

function back() {
  if (view?.back) view.back();
  else close();
}

/** key does what a key means in the view; nothing of it reaches what lies under the sheet. */
export function key(name) {
  if (name === 'Escape') back();
  else return view?.key?.(name) === true;
  return true;
}

/** digit gives a digit to the view. */
export const digit = (d) => view?.digit?.(d);

/** tick lets the view follow what changes. */
export const tick = () => isOpen() && view?.tick?.();

/** choice is a group of buttons of which one is chosen: items are {id, label, note?}. chosen() tells which, pick(id) is called on a press. */
export function choice(testid, label, items, chosen, pick) {
  const node = el('div', { class: 'choice', role: 'group', 'aria-label': label });
  const mark = () => {
    for (const one of node.children) one.setAttribute('aria-pressed', String(one.dataset.id === chosen()));
  };
  for (const { id, label: words } of items) {
    const press = () => {
      pick(id);
      mark();
    };
    node.append(el('button', { type: 'button', class: 'chip choice-one', 'data-id': id, 'data-testid': `${testid}-${id}`, onclick: press }, words));
  }
  mark();
  return node;
}
