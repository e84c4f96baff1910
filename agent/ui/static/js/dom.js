// Makes and finds elements. Text always goes in as text, never as markup: goods names and device texts come from outside.

/** el makes an element. Properties named on… are listeners, data and aria go in as attributes, class and id as themselves. */
export function el(tag, props = {}, ...children) {
  const node = document.createElement(tag);
  for (const [name, value] of Object.entries(props)) {
    if (value === undefined || value === null || value === false) continue;
    if (name.startsWith('on')) node.addEventListener(name.slice(2), value);
    else node.setAttribute(name, value === true ? '' : value);
  }
  node.append(...children.filter((child) => child !== null && child !== undefined && child !== false));
  return node;
}

/** find returns the one element of an id. */
export const find = (id) => document.getElementById(id);

/** icon draws one symbol of icons.svg in the colour of the text around it. */
export function icon(name, className = 'icon') {
  const space = 'http://www.w3.org/2000/svg';
  const svg = document.createElementNS(space, 'svg');
  const use = document.createElementNS(space, 'use');
  svg.setAttribute('class', className);
  svg.setAttribute('aria-hidden', 'true');
  use.setAttribute('href', `/ui/icons.svg#${name}`);
  svg.append(use);
  return svg;
}

/** setText writes only what differs, so that a screen reader does not hear the same words again. */
export function setText(node, text) {
  if (node.textContent !== text) node.textContent = text;
}

/** show hides or shows an element. */
export function show(node, visible) {
  node.hidden = !visible;
}

/** button makes a button with a label and the key that presses it. */
export function button(testid, label, key, onclick, className = '') {
  const node = el(
    'button',
    { type: 'button', class: `button ${className}`, 'data-testid': testid, onclick },
    el('span', {}, label),
  );
  if (key) node.append(el('kbd', {}, key));
  return node;
}
