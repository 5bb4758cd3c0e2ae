//! The picture of the footprint: flash and stack of the reference board, image by image.

use std::fmt::Write as _;

/// One image: what it is, bytes of flash, bytes of stack.
pub(crate) struct Row<'f> {
    pub(crate) name: &'f str,
    pub(crate) flash: u64,
    pub(crate) stack: u64,
}

const ROW: u64 = 34;
const TOP: u64 = 52;
const NAMES: u64 = 200;
/// Pixels of the longest bar of each panel, and where the panels start.
const LONGEST: u64 = 220;
const PANELS: [(u64, &str, &str); 2] = [(NAMES, "flash, KB", "flash"), (NAMES + LONGEST + 80, "stack, bytes", "stack")];

/// Draws it, on a card of its own like the other pictures.
pub(crate) fn svg(board: &str, rows: &[Row<'_>]) -> String {
    let (width, height) = (PANELS[1].0 + LONGEST + 70, TOP + ROW * rows.len() as u64 + 8);
    let mut svg = format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {width} {height}\" role=\"img\" \
         font-family=\"system-ui, sans-serif\" font-size=\"13\">\n\
         <title>Flash and stack on {board}</title>\n\
         <style>text {{ fill: #0f172a }} .head {{ font-weight: 600 }} .flash {{ fill: #6366f1 }} \
         .stack {{ fill: #0d9488 }}</style>\n\
         <rect x=\"0.75\" y=\"0.75\" width=\"{}\" height=\"{}\" rx=\"14\" fill=\"#ffffff\" stroke=\"#e2e8f0\"/>\n\
         <text class=\"head\" x=\"20\" y=\"30\">{board}</text>\n",
        width - 2,
        height - 2,
    );
    let mut put = |line: String| writeln!(svg, "{line}").expect("a string takes all");
    for (x, head, _) in PANELS {
        put(format!("<text class=\"head\" x=\"{x}\" y=\"30\">{head}</text>"));
    }
    for (index, row) in (0..).zip(rows) {
        let y = TOP + ROW * index;
        put(format!("<text x=\"20\" y=\"{}\">{}</text>", y + 15, row.name));
        let most = |bytes: fn(&Row<'_>) -> u64| rows.iter().map(bytes).max().unwrap_or(1).max(1);
        let kilobytes = format!("{}.{}", row.flash / 1_000, row.flash / 100 % 10);
        let bars =
            [(row.flash, most(|row| row.flash), kilobytes), (row.stack, most(|row| row.stack), row.stack.to_string())];
        for ((x, _, class), (bytes, most, text)) in PANELS.into_iter().zip(bars) {
            let length = (bytes * LONGEST / most).max(2);
            put(format!("<rect class=\"{class}\" x=\"{x}\" y=\"{y}\" width=\"{length}\" height=\"20\" rx=\"3\"/>"));
            put(format!("<text x=\"{}\" y=\"{}\">{text}</text>", x + length + 6, y + 15));
        }
    }
    svg + "</svg>\n"
}
