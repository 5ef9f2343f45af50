"use strict";

// textual.js, the terminal, looks for its settings on this element, and starts when the page has loaded.
const terminal = document.getElementById("terminal");
terminal.dataset.sessionWebsocketUrl = `ws://${location.host}/ws`;
terminal.dataset.fontSize = window.innerWidth < 700 ? "12" : "15";

// The token has been exchanged for a cookie: it need not stay in the history, nor in a picture of the window.
history.replaceState(null, "", "/");

document.getElementById("again").addEventListener("click", () => location.reload());

// Keys go to the screen without a click first. Not before it has drawn something: until then nobody takes them.
const drawn = new MutationObserver(() => {
  if (!document.body.classList.contains("-first-byte")) return;
  drawn.disconnect();
  document.querySelector(".xterm-helper-textarea").focus();
});
drawn.observe(document.body, { attributeFilter: ["class"] });

async function start() {
  // A terminal measures its letters once: the font has to be there by then.
  await Promise.all(["", "bold ", "italic "].map((style) => document.fonts.load(`${style}16px "Roboto Mono"`)));
  const script = document.createElement("script");
  script.src = "/static/js/textual.js";
  script.addEventListener("load", () => {
    if (document.readyState === "complete") window.onload();
  });
  document.head.append(script);
}

start();
