"use strict";
/* The script of the site: sorting, filtering, comparing. All state is in the address's fragment;
   pages work without it. Text from data is only ever set as text. */
(() => {
  const state = () => new URLSearchParams(location.hash.slice(1));
  const put = (changes) => {
    const now = state();
    for (const [key, value] of Object.entries(changes)) {
      if (value) now.set(key, value); else now.delete(key);
    }
    for (const [key, value] of [...now]) if (!value) now.delete(key);
    const text = now.toString().replaceAll("%2C", ",");
    history.replaceState(null, "", text ? "#" + text : location.pathname.split("/").pop() + "#");
  };
  const make = (tag, text, attributes = {}) => {
    const one = document.createElement(tag);
    if (text !== undefined && text !== null) one.textContent = text;
    for (const [key, value] of Object.entries(attributes)) one.setAttribute(key, value);
    return one;
  };

  /* Tables that sort: a button in each head, empty cells last, ties in the page's order. */
  const value = (row, place) => {
    const cell = row.cells[place];
    if (cell.dataset.v !== undefined) return Number(cell.dataset.v);
    const text = cell.textContent.trim();
    return text === "–" || text === "unknown" || text === "unsupported" ? "" : text;
  };
  const sort = (table, key, descending) => {
    const heads = [...table.tHead.rows[0].cells];
    const place = heads.findIndex((head) => head.dataset.key === key);
    if (place < 0) return;
    const body = table.tBodies[0];
    table.order ??= [...body.rows];
    const sign = descending ? -1 : 1;
    const compare = new Intl.Collator("en", { numeric: true }).compare;
    const rows = table.order.map((row, number) => [value(row, place), number, row]);
    rows.sort(([a, i], [b, j]) => {
      if (a === "" || b === "") return (a === "") - (b === "") || i - j;
      const both = typeof a === "number" && typeof b === "number";
      return sign * (both ? a - b : compare(String(a), String(b))) || i - j;
    });
    body.replaceChildren();  // moving rows one by one takes time that grows with their square
    body.append(...rows.map((row) => row[2]));
    table.dispatchEvent(new Event("sorted"));
    heads.forEach((head, number) => {
      if (number === place) head.setAttribute("aria-sort", descending ? "descending" : "ascending");
      else head.removeAttribute("aria-sort");
    });
  };
  const sorted = (table) => {
    const asked = state().get("sort");
    if (asked) sort(table, asked.replace(/^-/, ""), asked.startsWith("-"));
  };
  for (const table of document.querySelectorAll("table.table-sort")) {
    for (const head of table.tHead.rows[0].cells) {
      if (head.dataset.plain !== undefined) continue;
      const button = make("button", head.textContent, { type: "button" });
      head.replaceChildren(button);
      button.addEventListener("click", () => {
        const now = head.getAttribute("aria-sort");
        const first = head.dataset.first === "descending";
        const descending = now ? now === "ascending" : first;
        put({ sort: (descending ? "-" : "") + head.dataset.key });
        sort(table, head.dataset.key, descending);
      });
    }
    sorted(table);
  }

  /* Forms that filter rows or unfolding blocks by words and choices. */
  for (const form of document.querySelectorAll("form[data-filter]")) {
    const home = document.getElementById(form.dataset.filter);
    const items = () => [...(home.tBodies ? home.tBodies[0].rows : home.children)];
    const limit = Number(form.dataset.limit ?? Infinity);
    const more = form.querySelector("button[data-all]");
    let every = false;
    const words = new Map();
    const text = (item) => {
      if (!words.has(item)) {
        words.set(item, ((item.dataset.q ?? "") + " " + item.textContent).toLowerCase());
      }
      return words.get(item);
    };
    const fields = [...form.elements].filter((one) => one.name);
    const fits = (item, asked) => asked.every(([name, wanted]) => {
      if (name !== "q") return item.dataset[name]?.toLowerCase() === wanted;
      return wanted.split(/\s+/).every((word) => text(item).includes(word));
    });
    const apply = () => {
      const asked = fields.map((one) => [one.name, one.value.trim().toLowerCase()]).filter((one) => one[1]);
      const all = items();
      let found = 0;
      for (const item of all) {
        const fitting = fits(item, asked);
        found += fitting;
        item.classList.remove("more");
        item.hidden = !fitting || (!every && found > limit);
      }
      const shown = every ? found : Math.min(found, limit);
      form.querySelector("output").textContent = shown < found
        ? `${found} of ${all.length} found, the first ${shown} shown`
        : `${found} of ${all.length} shown`;
      if (more) more.hidden = shown === found;
    };
    home.addEventListener("sorted", apply);
    more?.addEventListener("click", () => { every = true; apply(); });
    const read = () => {
      for (const one of fields) one.value = state().get(one.name) ?? "";
      apply();
    };
    form.addEventListener("input", () => {
      put(Object.fromEntries(fields.map((one) => [one.name, one.value])));
      apply();
    });
    form.addEventListener("submit", (event) => event.preventDefault());
    addEventListener("hashchange", read);
    read();
  }
  addEventListener("hashchange", () => document.querySelectorAll("table.table-sort").forEach(sorted));

  /* Rows that can be chosen for a comparison. */
  const link = document.querySelector("[data-compare]");
  if (link) {
    const chosen = new Set((state().get("chips") ?? "").split(",").filter(Boolean));
    const tell = () => {
      const list = [...chosen].join(",");
      put({ chips: list });
      link.hidden = chosen.size < 2;
      link.textContent = `Compare the ${chosen.size} chips chosen`;
      link.href = `compare.html#chips=${list}`;
    };
    for (const box of document.querySelectorAll("input[data-chip]")) {
      const id = box.dataset.chip;
      box.checked = chosen.has(id);
      box.addEventListener("change", () => {
        if (box.checked) chosen.add(id); else chosen.delete(id);
        tell();
      });
    }
    if (chosen.size) tell();
  }

  /* The comparison of any chips. */
  const choice = document.querySelector("form[data-choose]");
  if (choice) {
    const facts = JSON.parse(document.getElementById("facts").textContent);
    const home = document.getElementById("compared");
    const known = (id) => Object.hasOwn(facts.chips, id);
    const digits = (ratio) => Number(ratio.toPrecision(3)).toString();
    const asked = () => {
      const words = state().get("chips") ?? choice.dataset.choose;
      const chips = [...new Set(words.split(","))].filter(known);
      const baseline = state().get("baseline") ?? chips[0];
      return { chips, baseline: chips.includes(baseline) ? baseline : chips[0] };
    };
    const shift = (chips, baseline) => {
      put({ chips: chips.join(","), baseline });
      draw();
    };
    const cell = (id, baseline, key) => {
      const one = make("td", null, { class: "number" });
      const mine = facts.chips[id].v[key.k];
      const theirs = facts.chips[baseline].v[key.k];
      if (!mine) { one.textContent = "–"; return one; }
      one.append(make("a", mine[1], { href: `chips/${id}.html#${key.a}` }));
      if (id === baseline) return one;
      if (theirs && theirs[0]) {
        one.append(make("br"), make("span", `× ${digits(mine[0] / theirs[0])} on paper`, { class: "ratio" }));
      }
      const pair = facts.pairs[`${id} ${baseline}`]?.[key.k];
      if (pair) {
        const [ratio, low, high, verdict] = pair;
        const told = `× ${digits(ratio)} (${digits(low)}–${digits(high)}) measured`;
        one.append(make("br"), make("a", told, { href: `chips/${id}.html#evidence` }));
        one.append(make("br"), make("span", verdict, { class: "ratio" }));
      }
      return one;
    };
    const line = (chips, baseline, key) => {
      const row = make("tr");
      row.append(make("th", key.t, { scope: "row" }));
      for (const id of chips) row.append(cell(id, baseline, key));
      return row;
    };
    const rules = (chips) => {
      const row = make("tr");
      row.append(make("th", `US licence policy to China on ${facts.day}`, { scope: "row" }));
      for (const id of chips) {
        const one = make("td");
        one.append(make("a", facts.chips[id].p || "–", { href: `chips/${id}.html#rules` }));
        row.append(one);
      }
      return row;
    };
    const head = (chips, baseline) => {
      const row = make("tr");
      row.append(make("th", "figure (dense)", { scope: "col" }));
      for (const id of chips) {
        const one = make("th", null, { scope: "col" });
        one.append(make("a", facts.chips[id].n, { href: `chips/${id}.html` }));
        if (id === baseline) one.append(make("br"), make("span", "baseline", { class: "ratio" }));
        const away = make("button", "remove", { type: "button", class: "button" });
        away.setAttribute("aria-label", `remove ${facts.chips[id].n}`);
        away.addEventListener("click", () => shift(chips.filter((other) => other !== id), baseline));
        if (chips.length > 1) one.append(make("br"), away);
        row.append(one);
      }
      return row;
    };
    const draw = () => {
      const { chips, baseline } = asked();
      const only = state().get("rows") === "measured";
      choice.elements.rows.value = only ? "measured" : "";
      choice.elements.baseline.replaceChildren(
        ...chips.map((id) => make("option", facts.chips[id].n, { value: id })));
      choice.elements.baseline.value = baseline;
      choice.elements.add.value = "";
      for (const one of choice.elements.add.options) one.disabled = chips.includes(one.value);
      const told = (key) => chips.some((id) => facts.chips[id].v[key.k]);
      const both = (key) => chips.some((id) => facts.pairs[`${id} ${baseline}`]?.[key.k]);
      const keys = facts.keys.filter((key) => (only ? both(key) : told(key)));
      const table = make("table");
      const top = table.createTHead();
      top.append(head(chips, baseline));
      const body = table.createTBody();
      if (!only) body.append(rules(chips));
      body.append(...keys.map((key) => line(chips, baseline, key)));
      const box = make("div", null, { class: "scroll pin", role: "region", tabindex: "0", "aria-label": "Comparison" });
      box.append(table);
      home.replaceChildren(box);
      choice.querySelector("output").textContent = `${chips.length} chips, ${keys.length} figures`;
    };
    choice.addEventListener("submit", (event) => event.preventDefault());
    choice.addEventListener("change", (event) => {
      const { chips, baseline } = asked();
      const field = event.target;
      if (field.name === "add" && field.value) shift([...chips, field.value], baseline);
      if (field.name === "baseline") shift(chips, field.value);
      if (field.name === "rows") { put({ rows: field.value }); draw(); }
    });
    addEventListener("hashchange", draw);
    document.getElementById("static").hidden = true;
    home.hidden = false;
    draw();
  }

  /* What the address names is unfolded. */
  const unfold = () => {
    let name = location.hash.slice(1);
    try { name = decodeURIComponent(name); } catch { return; }
    const named = document.getElementById(name);
    const block = named?.closest("details");
    if (block) { block.open = true; block.scrollIntoView(); }
  };
  addEventListener("hashchange", unfold);
  unfold();
})();
