"""How a report looks in a browser: on a phone, on a desk, in the dark and on paper."""

STYLE = """
:root {
  color-scheme: light dark; --ink: #1d2329; --soft: #59636e; --line: #d8dee4;
  --back: #ffffff; --tint: #f3f6f9; --accent: #0072b2;
}
@media (prefers-color-scheme: dark) {
  :root {
    --ink: #e3e8ed; --soft: #9aa5b1; --line: #353d46;
    --back: #14181c; --tint: #1d2329; --accent: #56b4e9;
  }
}
* { box-sizing: border-box; }
body { margin: 0; background: var(--back); color: var(--ink); font: 16px/1.55 system-ui, -apple-system, "Segoe UI", sans-serif; }
main { max-width: 62rem; margin: 0 auto; padding: 1.5rem 1rem 4rem; overflow-wrap: break-word; }
h1 { font-size: 1.7rem; line-height: 1.25; margin: 0.5rem 0 0.75rem; }
h2 { font-size: 1.2rem; margin: 2.5rem 0 0.5rem; padding-top: 0.5rem; border-top: 1px solid var(--line); }
p, li { max-width: 48rem; }
p.leading { background: var(--tint); border-left: 4px solid var(--accent); padding: 0.75rem 1rem; }
nav ul { list-style: none; display: flex; flex-wrap: wrap; gap: 0.1rem 1rem; padding: 0; margin: 0 0 1rem; font-size: 0.85rem; }
a { color: var(--accent); text-decoration: none; }
.wide { overflow-x: auto; margin: 1rem 0; }
table { border-collapse: collapse; font-size: 0.85rem; font-variant-numeric: tabular-nums; }
th, td { padding: 0.3rem 0.75rem; text-align: right; border-bottom: 1px solid var(--line); white-space: nowrap; }
th { color: var(--soft); font-weight: 600; border-bottom-width: 2px; vertical-align: bottom; }
.word { text-align: left; white-space: normal; min-width: 7rem; }
tbody tr:nth-child(even) { background: var(--tint); }
figure { margin: 1.5rem 0; }
img { display: block; max-width: 100%; height: auto; background: #ffffff; border: 1px solid var(--line); border-radius: 6px; }
figcaption { color: var(--soft); font-size: 0.85rem; max-width: 48rem; margin-top: 0.4rem; }
pre { background: var(--tint); padding: 0.75rem 1rem; overflow-x: auto; border-radius: 6px; font-size: 0.85rem; }
@media print {
  :root { color-scheme: light; --ink: #000000; --soft: #444444; --line: #bbbbbb; --back: #ffffff; --tint: #f6f6f6; }
  main { max-width: none; padding: 0; }
  nav { display: none; }
  figure, tr, pre { break-inside: avoid; }
  h2 { break-after: avoid; }
  .wide { overflow: visible; }
  th, td { white-space: normal; padding: 0.2rem 0.4rem; }
}
"""
