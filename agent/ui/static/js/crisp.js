// Shows a QR symbol as sharp as the screen allows: every module is the same whole number of the screen's own pixels, on a whole
// pixel.

/** fit is the largest whole number of device pixels a module for a room in CSS pixels; at least 1. */
export const fit = (room, ratio, modules) => Math.max(1, Math.floor((room * ratio) / modules));

/** load fetches a symbol: its SVG text and its modules a side, quiet zone of 4 included. null if it could not be had. */
export async function load(address) {
  try {
    const response = await fetch(address, { credentials: 'same-origin', cache: 'no-store' });
    if (!response.ok) return null;
    const text = await response.text();
    const box = new DOMParser().parseFromString(text, 'image/svg+xml').documentElement.getAttribute('viewBox');
    const modules = Number(box?.split(/[\s,]+/)[2]);
    return modules > 0 ? { text, modules } : null;
  } catch {
    return null;
  }
}

/** place puts a symbol into an img within a room of so many CSS pixels. */
export function place(image, { text, modules }, room) {
  const ratio = window.devicePixelRatio || 1;
  const pixels = fit(room, ratio, modules);
  const address = `data:image/svg+xml;charset=utf-8,${encodeURIComponent(text)}`;
  if (image.src !== address) image.src = address;
  image.dataset.modules = String(modules);
  image.dataset.pixels = String(pixels);
  image.style.width = image.style.height = `${(pixels * modules) / ratio}px`;
  image.style.transform = '';
  const { left, top } = image.getBoundingClientRect();
  const off = (edge) => (Math.round(edge * ratio) - edge * ratio) / ratio;
  image.style.transform = `translate(${off(left)}px, ${off(top)}px)`;
}

/** symbol makes a holder that loads a payment's symbol once, tries again while it cannot be had, and keeps it placed. */
export function symbol(image, room) {
  let address = '';
  let loaded = null;
  const replace = () => loaded && place(image, loaded, room());
  async function want(next) {
    if (next === address) return replace();
    address = next;
    loaded = null;
    image.removeAttribute('src');
    while (address === next && next !== '' && !loaded) {
      const got = await load(next);
      if (address !== next) return;
      loaded = got;
      if (!got) await new Promise((done) => setTimeout(done, 500));
    }
    replace();
  }
  window.addEventListener('resize', replace);
  return { want: (next) => want(next ?? '') };
}
