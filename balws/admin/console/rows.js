// Tables whose rows stay themselves while their figures change.

/** Set a text only where it is another one: what does not change is not drawn again. */
export function put(element, text) {
  if (element.textContent !== text) element.textContent = text;
}

export function make(name, className = "", text = "") {
  const made = document.createElement(name);
  if (className) made.className = className;
  if (text) made.textContent = text;
  return made;
}

export class Rows {
  #rows = new Map();
  #columns;

  /**
   * @param table the table
   * @param columns for each: { text(item), title(item), className, clamp: whether long ones get further lines where there
   *   is little room, acts: [[label, speak(item), act(item), className], ...], idle(item): the id of why nothing can be done };
   *   the first is the row's head, with act(item) what is pressed to open it
   */
  constructor(table, columns) {
    this.body = table.tBodies[0];
    this.#columns = columns;
    this.body.addEventListener("keydown", (event) => this.#walk(event));
  }

  /** @param items in their order; @param key (item) => what tells them apart */
  show(items, key) {
    const active = this.body.contains(document.activeElement) ? document.activeElement : null;
    const kept = new Set(items.map(key));
    const place = active ? [...this.body.rows].indexOf(active.closest("tr")) : -1;
    for (const [name, row] of this.#rows) {
      if (kept.has(name)) continue;
      row.element.remove();
      this.#rows.delete(name);
    }
    let next = this.body.firstElementChild;
    for (const item of items) {
      const name = key(item);
      const row = this.#rows.get(name) ?? this.#add(name);
      row.item = item;
      this.#columns.forEach((column, number) => this.#fill(row.cells[number], column, item));
      if (row.element === next) next = next.nextElementSibling;
      else this.body.insertBefore(row.element, next);
    }
    // What is moved loses the focus; where the row is gone its neighbour gets it.
    if (active && active !== document.activeElement) {
      if (active.isConnected) active.focus({ preventScroll: true });
      else this.body.rows[Math.min(place, this.body.rows.length - 1)]?.querySelector("button")?.focus({ preventScroll: true });
    }
    this.#reach();
  }

  #add(name) {
    const row = { element: make("tr"), cells: [], item: null };
    this.#columns.forEach((column, number) => {
      const cell = make(number ? "td" : "th", column.className ?? "");
      if (!number) cell.scope = "row";
      const acts = column.acts ?? (column.act ? [["", null, column.act]] : []);
      for (const [label, , act, className = ""] of acts) {
        const button = make("button", label ? `act ${className}`.trim() : "open", label);
        button.type = "button";
        button.addEventListener("click", () => {
          if (!column.idle?.(row.item)) act(row.item);
        });
        cell.append(button);
      }
      if (column.clamp) cell.append(make("span", "clamp"));
      row.element.append(cell);
      row.cells.push(cell);
    });
    if (this.#columns[0].act) {
      row.element.addEventListener("click", (event) => {
        if (!event.target.closest("button") && String(getSelection()) === "") this.#columns[0].act(row.item);
      });
    }
    this.#rows.set(name, row);
    return row;
  }

  #fill(cell, column, item) {
    if (column.acts) {
      column.acts.forEach(([, speak], number) => {
        const words = speak(item), button = cell.children[number];
        if (button.getAttribute("aria-label") !== words) button.setAttribute("aria-label", words);
        this.#rest(button, column.idle?.(item) ?? "");
      });
      return;
    }
    const text = column.text(item);
    put(cell.firstElementChild ?? cell, text);
    cell.classList.toggle("zero", text === "0" || text === "0 B" || text === "–");
    const title = column.title?.(item) ?? "";
    if (cell.title !== title) cell.title = title;
  }

  /** It keeps the focus, so that whoever listens hears why it does nothing. */
  #rest(button, why) {
    if ((button.getAttribute("aria-describedby") ?? "") === why) return;
    if (why) {
      button.setAttribute("aria-disabled", "true");
      button.setAttribute("aria-describedby", why);
      button.title = document.getElementById(why).textContent;
    } else for (const name of ["aria-disabled", "aria-describedby", "title"]) button.removeAttribute(name);
  }

  /** A table is one stop of the Tab key; in it go the arrows. */
  #reach() {
    const buttons = [...this.body.querySelectorAll("button")];
    const now = buttons.find((button) => button === document.activeElement) ?? buttons.find((button) => button.tabIndex === 0) ?? buttons[0];
    for (const button of buttons) {
      const index = button === now ? 0 : -1;
      if (button.tabIndex !== index || !button.hasAttribute("tabindex")) button.tabIndex = index;
    }
  }

  #walk(event) {
    const from = event.target.closest("button");
    if (!from || event.altKey || event.ctrlKey || event.metaKey) return;
    const rows = [...this.body.rows];
    const row = rows.indexOf(from.closest("tr"));
    const across = [...rows[row].querySelectorAll("button")];
    const column = across.indexOf(from);
    const page = 10;
    const to = {
      ArrowDown: [row + 1, column], ArrowUp: [row - 1, column], ArrowRight: [row, column + 1], ArrowLeft: [row, column - 1],
      PageDown: [row + page, column], PageUp: [row - page, column], Home: [0, column], End: [rows.length - 1, column],
    }[event.key];
    if (!to) return;
    event.preventDefault();
    const line = rows[Math.max(0, Math.min(to[0], rows.length - 1))];
    line.querySelectorAll("button")[Math.max(0, Math.min(to[1], across.length - 1))].focus();
    line.scrollIntoView({ block: "nearest" });
    this.#reach();
  }
}
