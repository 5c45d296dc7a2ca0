// Suggestions below the search box, after the combobox pattern of the ARIA Authoring Practices.
// Without this file, or when the service is slow or away, the box is a plain one.
const field = document.getElementById("q");
const list = document.createElement("ul");
const told = document.createElement("p");
let asked; // the request under way
let timer;
let typed = ""; // what the person wrote, as opposed to a suggestion looked at

list.id = "suggestions";
list.className = "suggestions";
list.setAttribute("role", "listbox");
list.setAttribute("aria-label", "Suggestions");
list.hidden = true;
told.className = "unseen";
told.setAttribute("aria-live", "polite");
field.after(list, told);
for (const [name, value] of Object.entries({
  role: "combobox",
  "aria-autocomplete": "list",
  "aria-expanded": "false",
  "aria-controls": list.id,
})) field.setAttribute(name, value);

function close() {
  clearTimeout(timer);
  asked?.abort();
  list.hidden = true;
  list.replaceChildren();
  told.textContent = "";
  field.setAttribute("aria-expanded", "false");
  field.removeAttribute("aria-activedescendant");
}

function show(suggestions, text) {
  list.dataset.typed = text;
  list.replaceChildren(...suggestions.map((suggestion, place) => {
    const option = document.createElement("li");
    const value = document.createElement("bdi");
    const about = document.createElement("span");
    value.textContent = suggestion.value;
    about.className = "count";
    about.textContent = `${suggestion.field ? suggestion.field + " " : ""}${suggestion.count.toLocaleString("en")}`;
    option.id = `suggestion-${place}`;
    option.dataset.query = suggestion.query;
    option.setAttribute("role", "option");
    option.setAttribute("aria-selected", "false");
    option.append(value, " ", about);
    return option;
  }));
  list.hidden = !suggestions.length;
  field.setAttribute("aria-expanded", String(!list.hidden));
  field.removeAttribute("aria-activedescendant");
  const many = suggestions.length;
  told.textContent = many ? `${many} suggestion${many === 1 ? "" : "s"}` : "";
}

async function ask() {
  asked?.abort();
  const { signal } = (asked = new AbortController());
  const text = typed;
  try {
    const answer = await fetch(`/api/v1/suggest?${new URLSearchParams({ q: text, size: "8" })}`, { signal });
    if (answer.ok) {
      const { suggestions } = await answer.json();
      if (!signal.aborted) show(suggestions, text);
    } else close();
  } catch {
    if (!signal.aborted) close();
  }
}

// A step of 1 or -1 through the options; before the first and after the last is what was typed.
function move(step) {
  if (list.dataset.typed !== typed) return; // they are for what stood there before
  const options = [...list.children];
  const at = options.findIndex((option) => option.getAttribute("aria-selected") === "true");
  const next = at < 0 && step < 0 ? options.length - 1 : at + step;
  options[at]?.setAttribute("aria-selected", "false");
  const chosen = options[next];
  field.value = chosen ? chosen.dataset.query : typed;
  if (chosen) {
    chosen.setAttribute("aria-selected", "true");
    chosen.scrollIntoView({ block: "nearest" });
    field.setAttribute("aria-activedescendant", chosen.id);
  } else field.removeAttribute("aria-activedescendant");
}

field.addEventListener("input", () => {
  typed = field.value;
  clearTimeout(timer);
  if (typed.trim()) timer = setTimeout(ask, 120);
  else close();
});

field.addEventListener("keydown", (event) => {
  if (event.isComposing || event.altKey || event.ctrlKey || event.metaKey || list.hidden) return;
  if (event.key === "ArrowDown" || event.key === "ArrowUp") {
    event.preventDefault();
    move(event.key === "ArrowDown" ? 1 : -1);
  } else if (event.key === "Escape") {
    event.preventDefault();
    field.value = typed;
    close();
  } else if (event.key === "Tab" || event.key === "Enter") close();
});

list.addEventListener("mousedown", (event) => event.preventDefault()); // the box keeps the focus
list.addEventListener("click", (event) => {
  const option = event.target.closest("[role=option]");
  if (!option) return;
  field.value = option.dataset.query;
  close();
  field.form.requestSubmit();
});
field.addEventListener("blur", close);
field.form.addEventListener("submit", close);
