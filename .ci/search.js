// Searches the documentation site as its pages do, with the index and the program that mdBook writes.
"use strict";
const fs = require("fs");
const path = require("path");
const vm = require("vm");

// Words, and the page that one of the first results has to be on.
const SEARCHES = {
  "install": "docs/install.html",
  "first manifest": "docs/init.html",
  "secure boot": "docs/guides/secure-boot.html",
  "air-gapped": "docs/guides/air-gapped.html",
  "stripComponents": "docs/manifest.html",
  "symvers": "docs/verify.html",
  "depfile": "docs/incremental.html",
  "Argo CD": "docs/gitops.html",
  "digest": "docs/lock.html",
  "kernel-crawler": "docs/kernels.html",
  "snapshots": "docs/testing.html",
  "--allow-remove": "docs/commands/generate.html",
};
const FIRST = 10;

const book = process.argv[2];
const scripts = fs.readdirSync(book, { recursive: true });
const page = vm.createContext({ search: {} });
page.window = page;
for (const name of [/elasticlunr.*\.js$/, /searchindex.*\.js$/]) {
  const file = scripts.find((script) => name.test(script));
  if (!file) throw new Error(`the site has no file ${name}`);
  vm.runInContext(fs.readFileSync(path.join(book, file), "utf8"), page);
}
const { doc_urls: urls, index, results_options: limits, search_options: options } = page.search;
const engine = page.elasticlunr.Index.load(index);
let failed = 0;
for (const [words, expected] of Object.entries(SEARCHES)) {
  const found = engine.search(words, options).slice(0, Math.min(FIRST, limits.limit_results));
  const pages = found.map((result) => urls[result.ref].split("#")[0]);
  if (!pages.includes(expected)) {
    failed += 1;
    console.log(`a search for \`${words}\` does not find ${expected}, but ${pages.join(", ") || "nothing"}`);
  }
}
console.log(`${Object.keys(SEARCHES).length} searches, ${failed} without their page`);
process.exit(failed ? 1 : 0);
