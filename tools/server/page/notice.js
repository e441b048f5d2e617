// notice.js - what just happened, at the foot of the page, with a way back where there is one.
import {el, plain} from "./dom.js";

const box = document.getElementById("notice");
let timer;

/** @param undo called when the reader takes it back; undefined: that is not possible */
export function notice(text, undo) {
  clearTimeout(timer);
  const close = () => { box.hidden = true; };
  box.replaceChildren(el("span", {}, plain(text)));
  if (undo) box.append(el("button", {type: "button", onclick: () => { close(); undo(); }}, "Undo"));
  box.append(el("button", {type: "button", "aria-label": "Close", onclick: close}, "\u00d7"));
  box.hidden = false;
  if (!undo) timer = setTimeout(close, 6000);
}
