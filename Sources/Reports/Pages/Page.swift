import Foundation
import Images
import Laboratory

/// A self-contained HTML document: style, drawings and images are inline, and there is no script.
package struct Page {
  private let title: String
  private var parts: [String] = []
  private var sections: [(id: String, title: String)] = []

  /// An empty page.
  package init(_ title: String) { self.title = title }

  /// Begins a section, which the table of contents lists.
  package mutating func section(_ title: String) {
    let id = title.lowercased().map { $0.isLetter || $0.isNumber ? String($0) : "-" }.joined()
    sections.append((id, title))
    parts.append("<h2 id=\"\(id)\">\(title.escaped)</h2>")
  }

  /// Adds a heading within a section.
  package mutating func heading(_ title: String) { parts.append("<h3>\(title.escaped)</h3>") }

  /// Adds a paragraph; `quiet`: in the colour of captions.
  package mutating func text(_ text: String, quiet: Bool = false) {
    parts.append("<p\(quiet ? " class=\"quiet\"" : "")>\(text.escaped)</p>")
  }

  /// Adds preformatted text.
  package mutating func code(_ text: String) { parts.append("<pre><code>\(text.escaped)</code></pre>") }

  /// A cell of a table.
  package struct Cell {
    var text: String
    var isStrong = false
    var isNumber = false
    /// A CSS class of the style, such as "done" or "failed".
    var mark: String?

    /// A cell of text.
    package init(_ text: String, isStrong: Bool = false, isNumber: Bool = false, mark: String? = nil) {
      self.text = text
      self.isStrong = isStrong
      self.isNumber = isNumber
      self.mark = mark
    }

    var html: String {
      var inner = text.escaped
      if isStrong { inner = "<strong>\(inner)</strong>" }
      if let mark { inner = "<span class=\"mark \(mark)\">\(inner)</span>" }
      return "<td\(isNumber ? " class=\"number\"" : "")>\(inner)</td>"
    }
  }

  /// Adds a table; a head of empty strings is left out. A column is aligned as its first cell.
  package mutating func table(_ head: [String], _ rows: [[Cell]], caption: String? = nil) {
    let columns = rows.first?.map(\.isNumber) ?? []
    let heads = head.enumerated().map { index, text in
      let isNumber = columns.indices.contains(index) && columns[index]
      return "<th scope=\"col\"\(isNumber ? " class=\"number\"" : "")>\(text.escaped)</th>"
    }
    parts.append(
      "<div class=\"scroll\"><table>"
        + (caption.map { "<caption>\($0.escaped)</caption>" } ?? "")
        + (head.allSatisfy(\.isEmpty) ? "" : "<thead><tr>\(heads.joined())</tr></thead>")
        + "<tbody>\(rows.map { "<tr>\($0.map(\.html).joined())</tr>" }.joined(separator: "\n"))</tbody></table></div>")
  }

  /// Adds a drawing with its caption. `isSheet`: a sheet of images, which scrolls rather than shrinks below 560 pixels.
  package mutating func drawing(_ svg: String, caption: String, isSheet: Bool) {
    let width = Self.width(of: svg)
    // The caption is the label for screen readers.
    let opening =
      "<svg role=\"img\" aria-label=\"\(caption.escaped)\" class=\"\(isSheet ? "sheet" : "plot")\" "
      + "style=\"max-width:\(Int(Double(width) * (isSheet ? 1.25 : 1)))px;"
      + "min-width:\(isSheet ? min(width, 560) : min(width, 300))px\""
    let body = svg.hasPrefix("<svg") ? opening + svg.dropFirst(4) : Substring(svg).description
    parts.append(
      "<figure><div class=\"scroll\">\(body)</div><figcaption>\(caption.escaped)</figcaption></figure>")
  }

  /// Adds drawings side by side, as far as the page is wide enough.
  package mutating func row(_ fill: (inout Page) -> Void) {
    parts.append("<div class=\"row\">")
    fill(&self)
    parts.append("</div>")
  }

  /// Adds folded content below a summary.
  package mutating func details(_ summary: String, _ fill: (inout Page) -> Void) {
    parts.append("<details><summary>\(summary.escaped)</summary>")
    fill(&self)
    parts.append("</details>")
  }

  /// Adds a marked state of runs.
  package mutating func status(_ text: String, mark: String) {
    parts.append("<p><span class=\"mark \(mark)\">\(text.escaped)</span></p>")
  }

  /// Width in pixels of an SVG document by its view box.
  private static func width(of svg: String) -> Int {
    guard let box = svg.range(of: "viewBox=\"0 0 ") else { return 760 }
    return svg[box.upperBound...].split(separator: " ").first.flatMap { Int($0) } ?? 760
  }

  /// The document.
  package var html: String {
    let contents = sections.map { "<a href=\"#\($0.id)\">\($0.title.escaped)</a>" }.joined(separator: " ")
    return """
      <!DOCTYPE html>
      <html lang="en">
      <head>
      <meta charset="utf-8">
      <meta name="viewport" content="width=device-width, initial-scale=1">
      <meta name="color-scheme" content="light dark">
      <meta name="generator" content="Overtone \(Environment.version)">
      <title>\(title.escaped)</title>
      <style>
      \(Self.style)
      </style>
      </head>
      <body>
      <main>
      <h1>\(title.escaped)</h1>
      <nav aria-label="Contents">\(contents)</nav>
      \(parts.joined(separator: "\n"))
      </main>
      </body>
      </html>

      """
  }

  private static let style = """
    :root { --ink: #1d1f23; --quiet: #5c626b; --paper: #ffffff; --card: #f5f6f8; --line: #dfe2e6; --link: #00609c;
      --good: #0a7a4b; --bad: #b3261e; --wait: #8a5a00; }
    @media (prefers-color-scheme: dark) {
      :root { --ink: #e6e8eb; --quiet: #a2a9b3; --paper: #15171a; --card: #1e2126; --line: #363b43; --link: #7cc4ff;
        --good: #58d39b; --bad: #ff8a80; --wait: #f0c05a; }
      svg.plot polyline, svg.plot circle, svg.plot line[step-width="3"] { filter: brightness(1.4); }
    }
    * { box-sizing: border-box; }
    body { margin: 0; background: var(--paper); color: var(--ink);
      font: 16px/1.5 system-ui, -apple-system, "Segoe UI", Roboto, "Noto Sans", sans-serif; }
    main { max-width: 1080px; margin: 0 auto; padding: 1.2rem 1rem 4rem; }
    h1 { font-size: 1.7rem; line-height: 1.2; margin: .2rem 0 .6rem; overflow-wrap: anywhere; }
    h2 { font-size: 1.25rem; margin: 2.4rem 0 .6rem; padding-top: .6rem; border-top: 1px solid var(--line); }
    h3 { font-size: 1.02rem; margin: 1.4rem 0 .3rem; }
    a { color: var(--link); }
    nav { display: flex; flex-wrap: wrap; gap: .2rem 1rem; font-size: .92rem; }
    .quiet, figcaption, caption { color: var(--quiet); font-size: .88rem; }
    caption { text-align: left; caption-side: bottom; padding-top: .3rem; }
    .scroll { overflow-x: auto; max-width: 100%; }
    table { border-collapse: collapse; font-size: .92rem; margin: .4rem 0; }
    th, td { text-align: left; vertical-align: top; padding: .28rem .8rem .28rem 0;
      border-bottom: 1px solid var(--line); }
    th { font-weight: 600; color: var(--quiet); }
    td.number, th.number { text-align: right; font-variant-numeric: tabular-nums; white-space: nowrap; }
    td { overflow-wrap: anywhere; }
    td:first-child { min-width: 8.5rem; }
    @media (min-width: 700px) { td:first-child { min-width: 12rem; } }
    pre { background: var(--card); padding: .7rem .9rem; border-radius: 6px; overflow-x: auto; font-size: .86rem;
      white-space: pre-wrap; overflow-wrap: anywhere; }
    code { font-family: ui-monospace, "DejaVu Sans Mono", Menlo, Consolas, monospace; }
    figure { margin: 1rem 0; }
    figcaption { margin-top: .3rem; max-width: 70ch; }
    svg { display: block; width: 100%; height: auto; }
    svg, svg text { fill: var(--ink); }
    svg > rect:first-of-type { fill: transparent; }
    svg line[step="#e1e1e1"] { step: var(--line); }
    svg line[step="#5a5a5a"], svg line[step="#282828"] { step: var(--quiet); }
    .row { display: grid; grid-template-columns: repeat(auto-fit, minmax(min(100%, 430px), 1fr)); gap: 0 1.4rem; }
    details { background: var(--card); border-radius: 6px; padding: .5rem .9rem; margin: .6rem 0; }
    summary { cursor: pointer; font-weight: 600; }
    .mark { display: inline-block; padding: 0 .5em; border-radius: 4px; border: 1px solid currentColor;
      font-weight: 600; font-size: .88em; }
    .done, .holds { color: var(--good); }
    .failed, .does-not-hold { color: var(--bad); }
    .running, .stopped, .waiting, .changed, .within-noise, .not-measured { color: var(--wait); }
    @media print {
      :root { --ink: #000; --quiet: #444; --paper: #fff; --card: #fff; --line: #bbb; --link: #000; --good: #060;
        --bad: #900; --wait: #640; }
      main { max-width: none; padding: 0; }
      nav { display: none; }
      body { font-size: 11pt; }
      h2, h3 { break-after: avoid; }
      figure, tr { break-inside: avoid; }
      .scroll { overflow: visible; }
      .row { grid-template-columns: 1fr 1fr; }
      details::details-content { content-visibility: visible; display: block; }
    }
    """
}
