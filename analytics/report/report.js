"use strict";
// The page is whole without this: it adds sorting to tables, and unfolds everything for paper.
for (const table of document.querySelectorAll("table.sortable")) {
  const body = table.tBodies[0];
  Array.from(table.tHead.rows[0].cells).forEach((head, place) => {
    const button = document.createElement("button");
    button.type = "button";
    button.append(...head.childNodes);
    head.append(button);
    button.addEventListener("click", () => {
      const up = head.getAttribute("aria-sort") !== "ascending";
      const key = (row) => row.cells[place].dataset.key ?? row.cells[place].textContent.trim();
      const rows = Array.from(body.rows).map((row) => [key(row), row]);
      rows.sort((a, b) => a[0].localeCompare(b[0], "en", { numeric: true }) * (up ? 1 : -1));
      body.append(...rows.map((pair) => pair[1]));
      for (const other of table.tHead.rows[0].cells) other.removeAttribute("aria-sort");
      head.setAttribute("aria-sort", up ? "ascending" : "descending");
    });
  });
}
const opened = [];
addEventListener("beforeprint", () => {
  for (const fold of document.querySelectorAll("details:not([open])")) {
    fold.open = true;
    opened.push(fold);
  }
});
addEventListener("afterprint", () => {
  for (const fold of opened.splice(0)) fold.open = false;
});
