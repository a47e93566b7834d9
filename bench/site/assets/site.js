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
  const place = (table, rows) => {
    const body = table.tBodies[0];
    body.replaceChildren();  // moving rows one by one takes time that grows with their square
    body.append(...rows);
    table.dispatchEvent(new Event("sorted"));
  };
  const value = (row, column) => {
    const cell = row.cells[column];
    if (cell.dataset.v !== undefined) return Number(cell.dataset.v);
    const text = cell.textContent.trim();
    return ["–", "unknown", "unsupported", "does not fit"].includes(text) ? "" : text;
  };
  const sort = (table, key, descending) => {
    const heads = [...table.tHead.rows[0].cells];
    const column = heads.findIndex((head) => head.dataset.key === key);
    if (column < 0) return;
    table.order ??= [...table.tBodies[0].rows];
    const sign = descending ? -1 : 1;
    const compare = new Intl.Collator("en", { numeric: true }).compare;
    const rows = table.order.map((row, number) => [value(row, column), number, row]);
    rows.sort(([a, i], [b, j]) => {
      if (a === "" || b === "") return (a === "") - (b === "") || i - j;
      const both = typeof a === "number" && typeof b === "number";
      return sign * (both ? a - b : compare(String(a), String(b))) || i - j;
    });
    place(table, rows.map((row) => row[2]));
    heads.forEach((head, number) => {
      if (number === column) head.setAttribute("aria-sort", descending ? "descending" : "ascending");
      else head.removeAttribute("aria-sort");
    });
  };
  const sorted = (table) => {
    const asked = state().get("sort");
    if (asked) return sort(table, asked.replace(/^-/, ""), asked.startsWith("-"));
    if (!table.order) return;
    for (const head of table.tHead.rows[0].cells) head.removeAttribute("aria-sort");
    place(table, table.order);
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
    const names = (item) => (item.dataset.q ?? "").split(/[\s_-]+/);
    const searches = [  // the first that finds anything is taken: a whole name, its beginning, any text
      (item, word) => names(item).includes(word),
      (item, word) => names(item).some((name) => name.startsWith(word)),
      (item, word) => text(item).includes(word),
    ];
    const found_by = (items, wanted) => {
      const asked = wanted.split(/[\s_-]+/).filter(Boolean);
      for (const search of searches) {
        const found = items.filter((item) => asked.every((word) => search(item, word)));
        if (found.length) return found;
      }
      return [];
    };
    const fitting = (asked) => {
      const chosen = items().filter((item) => asked.every(
        ([name, wanted]) => name === "q" || item.dataset[name]?.toLowerCase() === wanted));
      const wanted = asked.find(([name]) => name === "q")?.[1];
      return new Set(wanted ? found_by(chosen, wanted) : chosen);
    };
    const apply = () => {
      const asked = fields.map((one) => [one.name, one.value.trim().toLowerCase()]).filter((one) => one[1]);
      const all = items();
      const fit = fitting(asked);
      let found = 0;
      for (const item of all) {
        const fits = fit.has(item);
        found += fits;
        item.classList.remove("more");
        item.hidden = !fits || (!every && found > limit);
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
    const clear = document.querySelector("[data-clear]");
    const boxes = [...document.querySelectorAll("input[data-chip]")];
    const chosen = () => boxes.filter((box) => box.checked).map((box) => box.dataset.chip);
    const tell = () => {
      const ids = chosen();
      link.hidden = clear.hidden = !ids.length;
      link.textContent = ids.length < 2 ? "1 selected: select another" : `Compare the ${ids.length} chips selected`;
      if (ids.length < 2) link.removeAttribute("href");
      else link.href = `compare.html#chips=${ids.join(",")}`;
    };
    const read = () => {
      const ids = (state().get("chips") ?? "").split(",");
      for (const box of boxes) box.checked = ids.includes(box.dataset.chip);
      tell();
    };
    const change = () => { put({ chips: chosen().join(",") }); tell(); };
    for (const box of boxes) box.addEventListener("change", change);
    clear.addEventListener("click", () => { for (const box of boxes) box.checked = false; change(); });
    addEventListener("hashchange", read);
    read();
  }

  /* The comparison of any chips. */
  const choice = document.querySelector("form[data-choose]");
  if (choice) {
    const facts = JSON.parse(document.getElementById("facts").textContent);
    const home = document.getElementById("compared");
    const known = (id) => Object.hasOwn(facts.chips, id);
    const digits = (ratio) => (ratio < 1000 ? ratio.toPrecision(3) : String(Math.round(ratio)));
    const named = (word) => {
      const name = word.trim().toLowerCase();
      return known(name) ? name : Object.hasOwn(facts.names, name) ? facts.names[name] : null;
    };
    const asked = () => {
      const words = (state().get("chips") ?? "").split(",").filter((word) => word.trim());
      const found = [...new Set(words.map(named).filter(Boolean))];
      const chips = found.length ? found : choice.dataset.choose.split(",");
      const baseline = named(state().get("baseline") ?? "");
      const unknown = words.filter((word) => !named(word));
      return { chips, unknown, baseline: chips.includes(baseline) ? baseline : chips[0] };
    };
    const shift = (chips, baseline) => {
      put({ chips: chips.join(","), baseline });
      draw();
    };
    const signs = { match: "✓ ", exceeds: "✓ ", "falls short": "✗ ", inconclusive: "? " };
    const kinds = { match: "good", exceeds: "good", "falls short": "bad", inconclusive: "unsure" };
    const paper = (one, id, baseline, key) => {
      const mine = facts.chips[id].v[key.k];
      const theirs = facts.chips[baseline].v[key.k];
      if (!mine) return one.append("–");
      one.append(make("a", mine[1], { href: `chips/${id}.html#${key.a}` }));
      if (id !== baseline && theirs && theirs[0]) {
        one.append(make("br"), make("span", `× ${digits(mine[0] / theirs[0])} on paper`, { class: "ratio" }));
      }
    };
    const measurement = (one, id, baseline, key) => {
      const mine = facts.chips[id].m[key.k];
      if (!mine) return;
      const href = `chips/${id}.html#evidence`;
      one.append(make("br"), make("a", `${mine[1]} measured`, { href }));
      const pair = facts.pairs[`${id} ${baseline}`]?.[key.k];
      if (!pair) return;
      const [ratio, low, high, verdict] = pair;
      const told = `× ${digits(ratio)} (${digits(low)}–${digits(high)}) measured `;
      one.append(make("br"), make("span", told, { class: "ratio" }),
        make("span", (signs[verdict] ?? "") + verdict, { class: `badge ${kinds[verdict] ?? "open"}` }));
    };
    const cell = (id, baseline, key) => {
      const one = make("td", null, { class: "number" });
      paper(one, id, baseline, key);
      measurement(one, id, baseline, key);
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
      const { chips, unknown, baseline } = asked();
      const only = state().get("rows") === "measured";
      choice.elements.rows.value = only ? "measured" : "";
      choice.elements.baseline.replaceChildren(
        ...chips.map((id) => make("option", facts.chips[id].n, { value: id })));
      choice.elements.baseline.value = baseline;
      choice.elements.add.value = "";
      for (const one of choice.elements.add.options) one.disabled = chips.includes(one.value);
      const told = (key) => chips.some((id) => facts.chips[id].v[key.k] || facts.chips[id].m[key.k]);
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
      choice.querySelector("output").textContent = `${chips.length} chips, ${keys.length} figures`
        + (unknown.length ? `; not known: ${unknown.join(", ")}` : "");
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
