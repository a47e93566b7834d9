"use strict";
/* The site's script: sorts, filters and compares. All state is in the fragment of the address; pages
   work without the script. Text from data is only ever inserted as text, never as HTML. */
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
    const element = document.createElement(tag);
    if (text !== undefined && text !== null) element.textContent = text;
    for (const [key, value] of Object.entries(attributes)) element.setAttribute(key, value);
    return element;
  };

  /* Sortable tables: a button in each head; empty cells come last, ties keep the page's order. */
  const setRows = (table, rows) => {
    const body = table.tBodies[0];
    body.replaceChildren();  // moving rows one by one takes quadratic time
    body.append(...rows);
    table.dispatchEvent(new Event("sorted"));
  };
  const value = (row, column) => {
    const cell = row.cells[column];
    if (cell.dataset.v !== undefined) return Number(cell.dataset.v);
    const text = cell.textContent.trim();
    if (["", "–", "unknown", "unsupported", "does not fit"].includes(text)) return "";
    return Number.isNaN(Number(text)) ? text : Number(text);
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
    setRows(table, rows.map((row) => row[2]));
    heads.forEach((head, number) => {
      if (number === column) head.setAttribute("aria-sort", descending ? "descending" : "ascending");
      else head.removeAttribute("aria-sort");
    });
  };
  const sortByAddress = (table) => {
    const order = state().get("sort");
    if (order) return sort(table, order.replace(/^-/, ""), order.startsWith("-"));
    if (!table.order) return;
    for (const head of table.tHead.rows[0].cells) head.removeAttribute("aria-sort");
    setRows(table, table.order);
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
    sortByAddress(table);
  }

  /* Forms that filter table rows or collapsible blocks by search words and selections. */
  for (const form of document.querySelectorAll("form[data-filter]")) {
    const home = document.getElementById(form.dataset.filter);
    const items = () => [...(home.tBodies ? home.tBodies[0].rows : home.children)];
    const limit = Number(form.dataset.limit ?? Infinity);
    const more = form.querySelector("button[data-all]");
    let showAll = false;
    const texts = new Map();
    const text = (item) => {
      if (!texts.has(item)) {
        texts.set(item, ((item.dataset.q ?? "") + " " + item.textContent).toLowerCase());
      }
      return texts.get(item);
    };
    const fields = [...form.elements].filter((field) => field.name);
    const names = (item) => (item.dataset.q ?? "").split(/[\s_-]+/);
    const searches = [  // tried in order until one finds something: whole name, start of a name, any text
      (item, word) => names(item).includes(word),
      (item, word) => names(item).some((name) => name.startsWith(word)),
      (item, word) => text(item).includes(word),
    ];
    const searchItems = (items, query) => {
      const words = query.split(/[\s_-]+/).filter(Boolean);
      for (const search of searches) {
        const found = items.filter((item) => words.every((word) => search(item, word)));
        if (found.length) return found;
      }
      return [];
    };
    const matching = (filters) => {
      const selected = items().filter((item) => filters.every(
        ([name, wanted]) => name === "q" || item.dataset[name]?.toLowerCase() === wanted));
      const query = filters.find(([name]) => name === "q")?.[1];
      return new Set(query ? searchItems(selected, query) : selected);
    };
    const apply = () => {
      const filters = fields.map((field) => [field.name, field.value.trim().toLowerCase()])
        .filter(([, wanted]) => wanted);
      const all = items();
      const matches = matching(filters);
      let found = 0;
      for (const item of all) {
        const isMatch = matches.has(item);
        found += isMatch;
        item.classList.remove("more");
        item.hidden = !isMatch || (!showAll && found > limit);
      }
      const shown = showAll ? found : Math.min(found, limit);
      form.querySelector("output").textContent = shown < found
        ? `${found} of ${all.length} found, the first ${shown} shown`
        : `${found} of ${all.length} shown`;
      if (more) more.hidden = shown === found;
    };
    home.addEventListener("sorted", apply);
    more?.addEventListener("click", () => { showAll = true; apply(); });
    const read = () => {
      for (const field of fields) field.value = state().get(field.name) ?? "";
      apply();
    };
    form.addEventListener("input", () => {
      put(Object.fromEntries(fields.map((field) => [field.name, field.value])));
      apply();
    });
    form.addEventListener("submit", (event) => event.preventDefault());
    addEventListener("hashchange", read);
    read();
  }
  addEventListener("hashchange", () => document.querySelectorAll("table.table-sort").forEach(sortByAddress));

  /* Checkboxes that select chips for a comparison. */
  const link = document.querySelector("[data-compare]");
  if (link) {
    const clear = document.querySelector("[data-clear]");
    const boxes = [...document.querySelectorAll("input[data-chip]")];
    const chosen = () => boxes.filter((box) => box.checked).map((box) => box.dataset.chip);
    const update = () => {
      const ids = chosen();
      link.hidden = clear.hidden = !ids.length;
      link.textContent = ids.length < 2 ? "1 selected: select another" : `Compare the ${ids.length} chips selected`;
      if (ids.length < 2) link.removeAttribute("href");
      else link.href = `compare.html#chips=${ids.join(",")}`;
    };
    const read = () => {
      const ids = (state().get("chips") ?? "").split(",");
      for (const box of boxes) box.checked = ids.includes(box.dataset.chip);
      update();
    };
    const change = () => { put({ chips: chosen().join(",") }); update(); };
    for (const box of boxes) box.addEventListener("change", change);
    clear.addEventListener("click", () => { for (const box of boxes) box.checked = false; change(); });
    addEventListener("hashchange", read);
    read();
  }

  /* The comparison of the selected chips. */
  const choice = document.querySelector("form[data-choose]");
  if (choice) {
    const facts = JSON.parse(document.getElementById("facts").textContent);
    const home = document.getElementById("compared");
    const known = (id) => Object.hasOwn(facts.chips, id);
    const digits = (ratio) => (ratio < 1000 ? ratio.toPrecision(3) : String(Math.round(ratio)));
    const idOf = (word) => {
      const name = word.trim().toLowerCase();
      return known(name) ? name : Object.hasOwn(facts.names, name) ? facts.names[name] : null;
    };
    const selection = () => {
      const words = (state().get("chips") ?? "").split(",").filter((word) => word.trim());
      const found = [...new Set(words.map(idOf).filter(Boolean))];
      const chips = found.length ? found : choice.dataset.choose.split(",");
      const baseline = idOf(state().get("baseline") ?? "");
      const unknown = words.filter((word) => !idOf(word));
      return { chips, unknown, baseline: chips.includes(baseline) ? baseline : chips[0] };
    };
    const select = (chips, baseline) => {
      put({ chips: chips.join(","), baseline });
      draw();
    };
    const signs = { match: "✓ ", exceeds: "✓ ", "falls short": "✗ ", inconclusive: "? " };
    const kinds = { match: "good", exceeds: "good", "falls short": "bad", inconclusive: "unsure" };
    const paper = (cell, id, baseline, key) => {
      const mine = facts.chips[id].v[key.k];
      const theirs = facts.chips[baseline].v[key.k];
      if (!mine) return cell.append("–");
      cell.append(make("a", mine[1], { href: `chips/${id}.html#${key.a}` }));
      if (id !== baseline && theirs && theirs[0]) {
        cell.append(make("br"), make("span", `× ${digits(mine[0] / theirs[0])} on paper`, { class: "ratio" }));
      }
    };
    const measurement = (cell, id, baseline, key) => {
      const mine = facts.chips[id].m[key.k];
      if (!mine) return;
      const href = `chips/${id}.html#evidence`;
      cell.append(make("br"), make("a", `${mine[1]} measured`, { href }));
      const pair = facts.pairs[`${id} ${baseline}`]?.[key.k];
      if (!pair) return;
      const [ratio, low, high, verdict] = pair;
      const text = `× ${digits(ratio)} (${digits(low)}–${digits(high)}) measured `;
      cell.append(make("br"), make("span", text, { class: "ratio" }),
        make("span", (signs[verdict] ?? "") + verdict, { class: `badge ${kinds[verdict] ?? "open"}` }));
    };
    const cell = (id, baseline, key) => {
      const data = make("td", null, { class: "number" });
      paper(data, id, baseline, key);
      measurement(data, id, baseline, key);
      return data;
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
        const data = make("td");
        data.append(make("a", facts.chips[id].p || "–", { href: `chips/${id}.html#rules` }));
        row.append(data);
      }
      return row;
    };
    const head = (chips, baseline) => {
      const row = make("tr");
      row.append(make("th", "figure (dense)", { scope: "col" }));
      for (const id of chips) {
        const column = make("th", null, { scope: "col" });
        column.append(make("a", facts.chips[id].n, { href: `chips/${id}.html` }));
        if (id === baseline) column.append(make("br"), make("span", "baseline", { class: "ratio" }));
        const remove = make("button", "remove", { type: "button", class: "button" });
        remove.setAttribute("aria-label", `remove ${facts.chips[id].n}`);
        remove.addEventListener("click", () => select(chips.filter((other) => other !== id), baseline));
        if (chips.length > 1) column.append(make("br"), remove);
        row.append(column);
      }
      return row;
    };
    const draw = () => {
      const { chips, unknown, baseline } = selection();
      const only = state().get("rows") === "measured";
      choice.elements.rows.value = only ? "measured" : "";
      choice.elements.baseline.replaceChildren(
        ...chips.map((id) => make("option", facts.chips[id].n, { value: id })));
      choice.elements.baseline.value = baseline;
      choice.elements.add.value = "";
      for (const option of choice.elements.add.options) option.disabled = chips.includes(option.value);
      const hasValue = (key) => chips.some((id) => facts.chips[id].v[key.k] || facts.chips[id].m[key.k]);
      const both = (key) => chips.some((id) => facts.pairs[`${id} ${baseline}`]?.[key.k]);
      const keys = facts.keys.filter((key) => (only ? both(key) : hasValue(key)));
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
      const { chips, baseline } = selection();
      const field = event.target;
      if (field.name === "add" && field.value) select([...chips, field.value], baseline);
      if (field.name === "baseline") select(chips, field.value);
      if (field.name === "rows") { put({ rows: field.value }); draw(); }
    });
    addEventListener("hashchange", draw);
    document.getElementById("static").hidden = true;
    home.hidden = false;
    draw();
  }

  /* Opens the collapsible block that the address names. */
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
