// Keeps the event log live: looks at the same page again every few seconds, and puts what is new on top.
// It is the only script of the console. Without it the page works, and is loaded anew by a link.
"use strict";

const EVERY = 5000; // milliseconds between two looks
const MOST = 500; // rows, after which the page begins anew
const events = document.getElementById("events");
const said = document.getElementById("said");
const button = document.getElementById("pause");
let live = true;
let asking = false;
let number = 0;

function say(words) {
  if (said.textContent !== words) said.textContent = words; // said aloud by screen readers, so only when it changes
}

function turn(on, words) {
  live = on;
  button.textContent = on ? "Pause" : "Go on";
  say(words);
}

async function look() {
  if (!live || asking || document.hidden) return;
  asking = true;
  try {
    const answer = await fetch(location.href, { headers: { "X-By-Itself": "yes" }, redirect: "manual" });
    if (answer.ok) take(new DOMParser().parseFromString(await answer.text(), "text/html").getElementById("events"));
    else if (answer.status < 500) turn(false, "You are logged out. Open the page again to go on.");
    else throw new Error(answer.statusText);
  } catch {
    say("The console does not answer. It is asked again every few seconds.");
  } finally {
    asking = false;
  }
}

function take(fresh) {
  if (!live || !fresh) return;
  const rows = [...fresh.querySelectorAll("tbody tr")];
  const found = rows.filter((row) => !document.getElementById(row.id));
  number += found.length;
  if (found.length === rows.length || events.querySelectorAll("tbody tr").length > MOST) {
    if (events.contains(document.activeElement)) return; // nobody's place is taken away under their hands
    events.replaceChildren(...fresh.childNodes);
  } else {
    insert(rows);
  }
  found.forEach((row) => row.classList.add("new"));
  say(number ? `Live: ${number} new since you opened this page.` : "Live: new events come in by themselves.");
}

function insert(rows) {
  let below = null;
  for (const row of rows.reverse()) {
    const known = document.getElementById(row.id);
    if (!known) events.querySelector("tbody").insertBefore(row, below);
    below = known || row;
  }
}

button.addEventListener("click", () => {
  turn(!live, live ? "Paused." : "Live: new events come in by themselves.");
  look();
});
document.addEventListener("visibilitychange", look);
document.getElementById("live").hidden = false;
setInterval(look, EVERY);
