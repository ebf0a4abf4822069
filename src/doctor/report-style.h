/*
 * report-style.h - how the report looks.
 *
 * Colours are pairs of at least 4.5 to 1 (WCAG 2.1, 1.4.3) in both schemes.
 */
#pragma once

static const char report_style[]
    = ":root{--fg:#1c1c1e;--bg:#fff;--soft:#5c5c66;--line:#d8d8de;--box:#f4f4f7;--ok:#1d7a3a;"
      "--warn:#8a5a00;--fail:#b3261e;--skipped:#5c5c66}\n"
      "@media(prefers-color-scheme:dark){:root{--fg:#ececf0;--bg:#17171a;--soft:#a9a9b4;"
      "--line:#3a3a42;--box:#222228;--ok:#6fd08c;--warn:#f0b429;--fail:#ff8a80;--skipped:#a9a9b4}}\n"
      "@media print{:root{--fg:#000;--bg:#fff;--soft:#444;--line:#bbb;--box:#fff;--ok:#1d7a3a;"
      "--warn:#8a5a00;--fail:#b3261e;--skipped:#444}section{break-inside:avoid}}\n"
      "*{box-sizing:border-box}\n"
      "body{margin:0 auto;max-width:52rem;padding:1.5rem 1rem 3rem;background:var(--bg);"
      "color:var(--fg);font:1rem/1.5 system-ui,sans-serif;overflow-wrap:anywhere}\n"
      "h1{font-size:1.4rem;margin:0}h2{font-size:1.05rem;margin:2rem 0 .5rem}\n"
      "p{margin:.4rem 0}.soft{color:var(--soft);font-size:.9rem}\n"
      ".cause{border:1px solid var(--line);border-left:.4rem solid var(--fail);border-radius:.4rem;"
      "background:var(--box);padding:.9rem 1.1rem;margin:1rem 0}\n"
      ".cause.well{border-left-color:var(--ok)}.cause strong{font-size:1.15rem}"
      ".cause dl{margin-top:.6rem}.cause p.soft{margin:0}\n"
      "dl{display:grid;grid-template-columns:minmax(6rem,max-content) 1fr;gap:.2rem 1rem;margin:0}\n"
      "dt{color:var(--soft)}dd{margin:0}\n"
      ".check{border-top:1px solid var(--line);padding:.5rem 0;display:grid;"
      "grid-template-columns:5.5rem 9rem 1fr;gap:0 .8rem}\n"
      ".check p{margin:0}.word{font-weight:600}\n"
      ".ok{color:var(--ok)}.warn{color:var(--warn)}.fail{color:var(--fail)}"
      ".skipped{color:var(--skipped)}\n"
      "pre{background:var(--box);border:1px solid var(--line);border-radius:.4rem;padding:.8rem;"
      "font:.85rem/1.45 ui-monospace,monospace;white-space:pre-wrap;margin:0}\n"
      "svg{display:block;width:100%;height:auto}svg text{font:12px system-ui,sans-serif;"
      "fill:var(--fg)}svg line{stroke:var(--line)}svg .ok{fill:var(--ok)}svg .warn{fill:var(--warn)}"
      "svg .fail{fill:var(--fail)}svg .skipped{fill:var(--skipped)}\n"
      "@media(max-width:36rem){.check{grid-template-columns:5.5rem 1fr}.check .what{grid-column:1/-1}"
      "dl{grid-template-columns:1fr}dd{margin-bottom:.4rem}svg text{font-size:19px}}\n";
