// Checks pages with axe-core, in both color schemes: node status-page.js CHROMIUM PAGE...
const { chromium } = require("playwright-core");
const fs = require("fs");

const options = ["--no-sandbox", "--disable-gpu", "--disable-background-networking", "--disable-component-update"];

async function main([program, ...pages]) {
  const axe = fs.readFileSync(require.resolve("axe-core/axe.min.js"), "utf8");
  const browser = await chromium.launch({ executablePath: program, args: options });
  let violations = 0;
  let requests = 0;
  for (const colorScheme of ["light", "dark"]) {
    for (const page of pages) {
      const tab = await browser.newPage({ colorScheme });
      tab.on("request", (request) => (requests += request.url().startsWith("file://" + page) ? 0 : 1));
      await tab.goto("file://" + page);
      await tab.addScriptTag({ content: axe });
      // Lists no elements but those that violate a rule: the large page has tens of thousands.
      const result = await tab.evaluate(() => axe.run({ resultTypes: ["violations"] }));
      for (const violation of result.violations) {
        violations += 1;
        console.log(`${page} (${colorScheme}): ${violation.id}: ${violation.help}`);
        violation.nodes.slice(0, 3).forEach((node) => console.log(`  ${node.html}`));
      }
      if (result.passes.length < 20) throw new Error(`${page}: only ${result.passes.length} rules applied`);
      await tab.close();
    }
  }
  await browser.close();
  if (violations + requests > 0) throw new Error(`${violations} violations, ${requests} requests`);
  console.log(`${pages.length} pages in 2 color schemes: no violation`);
}

main(process.argv.slice(2)).catch((error) => {
  console.error(`FAILED: ${error.message}`);
  process.exit(1);
});
