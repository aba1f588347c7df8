// Pictures of the last five minutes: lines, or stacked bars.

import { SPAN } from "./history.js";

const SVG = "http://www.w3.org/2000/svg";
const HEIGHT = 100;

function shape(parent, name, attributes) {
  const made = document.createElementNS(SVG, name);
  for (const [key, value] of Object.entries(attributes)) made.setAttribute(key, value);
  parent.append(made);
  return made;
}

function words(parent, className, text = "") {
  const made = document.createElement("span");
  made.className = className;
  made.textContent = text;
  made.setAttribute("aria-hidden", "true");
  parent.append(made);
  return made;
}

/** A round number with some room above the value. */
function above(value) {
  const wanted = value * 1.1;
  if (wanted <= 10) return Math.max(1, Math.ceil(wanted));
  const power = 10 ** Math.floor(Math.log10(wanted));
  return [1, 1.2, 1.5, 2, 2.5, 3, 4, 5, 6, 8, 10].map((step) => step * power).find((step) => step >= wanted);
}

class Chart {
  #scale = 1;

  /**
   * @param place the element that holds it
   * @param names the figures, in the order in which they are drawn; also the classes of their shapes
   * @param say (point) => the words for what the pointer is at
   */
  constructor(place, names, say, format) {
    this.names = names;
    this.format = format;
    this.now = 0;
    this.svg = shape(place, "svg", { viewBox: `0 0 ${SPAN} ${HEIGHT}`, preserveAspectRatio: "none", role: "img", "aria-label": "No figures yet" });
    for (const y of [0, HEIGHT / 2, HEIGHT]) shape(this.svg, "path", { class: "grid", d: `M0 ${y}H${SPAN}` });
    this.shapes = {};
    this.mark = shape(this.svg, "path", { class: "mark", d: "" });
    this.top = words(place, "top");
    words(place, "left", "5 min ago");
    this.readout = words(place, "readout");
    words(place, "right", "now");
    this.empty = words(place, "nothing");
    this.svg.addEventListener("pointermove", (event) => {
      const box = this.svg.getBoundingClientRect();
      this.#point(((event.clientX - box.left) / box.width) * SPAN, say);
    });
    this.svg.addEventListener("pointerleave", () => {
      this.mark.setAttribute("d", "");
      this.readout.textContent = "";
    });
  }

  #point(x, say) {
    const at = this.now - SPAN + x;
    const found = this.at(at);
    this.mark.setAttribute("d", `M${x.toFixed(1)} 0V${HEIGHT}`);
    const ago = Math.max(0, Math.round(this.now - at));
    this.readout.textContent = found ? `${say(found)} · ${Math.floor(ago / 60)}:${String(ago % 60).padStart(2, "0")} ago` : "";
  }

  /** The scale follows what it shows, but does not shrink for every dip. */
  scaleTo(highest) {
    const fit = above(highest);
    if (fit > this.#scale || fit * 2.5 < this.#scale) this.#scale = fit;
    this.top.textContent = this.format(this.#scale);
    return (value) => value / this.#scale;
  }

  x(at) {
    return SPAN - (this.now - at);
  }

  describe(text, empty = "") {
    this.svg.setAttribute("aria-label", text);
    this.empty.textContent = empty;
  }
}

export class LineChart extends Chart {
  /** @param isMirrored the second figure hangs down from the middle, so that equal ones are both seen */
  constructor(place, names, say, format, isMirrored = false) {
    super(place, names, say, format);
    this.ground = isMirrored ? HEIGHT / 2 : HEIGHT;
    if (isMirrored) shape(this.svg, "path", { class: "half", d: `M0 ${this.ground}H${SPAN}` });
    this.points = [];
    for (const name of names) {
      this.shapes[name] = [shape(this.svg, "path", { class: `area ${name}` }), shape(this.svg, "path", { class: `line ${name}` })];
    }
  }

  at(at) {
    let found = null;
    for (const point of this.points) if (!point.isGap && Math.abs(point.at - at) < 1.5) found = point;
    return found;
  }

  draw(points) {
    this.points = points;
    this.now = points.at(-1)?.at ?? 0;
    const part = this.scaleTo(Math.max(0, ...points.flatMap((point) => this.names.map((name) => point[name] ?? 0))));
    this.names.forEach((name, number) => {
      const y = (value) => this.ground - part(value) * (this.ground - 1) * (number ? -1 : 1);
      let line = "", area = "", begin = null, last = null;
      const ground = () => (begin === null ? "" : `V${this.ground}H${begin}Z`);
      for (const point of points) {
        const value = point[name];
        if (value === null || value === undefined) {
          area += ground();
          begin = null;
          continue;
        }
        last = this.x(point.at).toFixed(2);
        const place = `${last} ${y(value).toFixed(2)}`;
        line += `${begin === null ? "M" : "L"}${place}`;
        area += begin === null ? `M${last} ${this.ground}L${place}` : `L${place}`;
        begin ??= last;
      }
      this.shapes[name][0].setAttribute("d", area + ground());
      this.shapes[name][1].setAttribute("d", line);
    });
  }
}

export class BarChart extends Chart {
  /** @param seconds that one bar stands for */
  constructor(place, names, say, format, seconds) {
    super(place, names, say, format);
    this.seconds = seconds;
    this.bars = [];
    for (const name of names) this.shapes[name] = shape(this.svg, "path", { class: `bar ${name}` });
  }

  at(at) {
    return this.bars.find((bar) => at >= bar.at && at < bar.at + this.seconds) ?? null;
  }

  draw(now, bars) {
    this.now = now;
    this.bars = bars;
    const sum = (bar) => this.names.reduce((all, name) => all + bar[name], 0);
    const part = this.scaleTo(Math.max(0, ...bars.map(sum)));
    const y = (value) => HEIGHT - part(value) * (HEIGHT - 1);
    const paths = Object.fromEntries(this.names.map((name) => [name, ""]));
    for (const bar of bars) {
      let below = 0;
      for (const name of this.names) {
        if (!bar[name]) continue;
        const left = this.x(bar.at) + 0.5, right = Math.min(SPAN, this.x(bar.at + this.seconds) - 0.5);
        const top = y(below + bar[name]), bottom = below ? y(below) : HEIGHT;
        paths[name] += `M${left.toFixed(2)} ${bottom.toFixed(2)}V${top.toFixed(2)}H${right.toFixed(2)}V${bottom.toFixed(2)}Z`;
        below += bar[name];
      }
    }
    for (const name of this.names) this.shapes[name].setAttribute("d", paths[name]);
  }
}
