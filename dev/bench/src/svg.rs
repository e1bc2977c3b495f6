//! Charts as SVG that is readable on a light and on a dark page. Values are milliseconds; texts need no escapes.

use std::fmt::{Display, Write as _};

const WIDTH: f64 = 760.0;
const STYLE: &str = "\
text { font: 14px -apple-system, 'Segoe UI', Helvetica, Arial, sans-serif; fill: #1f2328 }
text.title { font-weight: 600; font-size: 16px }
text.muted { fill: #59636e }
.ours { fill: #0969da; stroke: #0969da }
.other { fill: #bc4c00; stroke: #bc4c00 }
text.ours, text.other { font-weight: 600; stroke: none }
rect[class] { stroke: none }
rect.other { fill: #afb8c1 }
polyline[class] { stroke-width: 2.5; fill: none }
line { stroke: #d1d9e0 }
@media (prefers-color-scheme: dark) {
  text { fill: #f0f6fc }
  text.muted { fill: #9198a1 }
  .ours { fill: #4493f8; stroke: #4493f8 }
  .other { fill: #f0883e; stroke: #f0883e }
  rect.other { fill: #656c76 }
  line { stroke: #3d444d }
}";

/// Horizontal bars: label, value, and whether it is ours.
pub(crate) fn bars(title: &str, bars: &[(&str, f64, bool)]) -> String {
    const LEFT: f64 = 230.0;
    const RIGHT: f64 = 90.0;
    const ROW: f64 = 30.0;
    const TOP: f64 = 52.0;
    let most = bars.iter().map(|(_, value, _)| *value).fold(f64::MIN_POSITIVE, f64::max);
    let mut svg = Svg::new(title, TOP + ROW * bars.len() as f64 + 10.0);
    for (index, (label, value, ours)) in bars.iter().enumerate() {
        let y = TOP + ROW * index as f64;
        let width = ((WIDTH - LEFT - RIGHT) * value / most).max(1.0);
        let (bar, text) = if *ours { ("ours", "ours") } else { ("other", "") };
        svg.text(text, "end", LEFT - 10.0, y + 15.0, label);
        svg.line(format_args!(
            "<rect class='{bar}' x='{LEFT}' y='{}' width='{width:.1}' height='20' rx='2'/>",
            y + 1.0
        ));
        svg.text(text, "start", LEFT + width + 8.0, y + 15.0, format_args!("{} ms", number(*value)));
    }
    svg.end()
}

/// Values over the numbers of invocations: label, values, and whether they are ours.
pub(crate) fn lines(title: &str, across: &str, lines: &[(String, &[f64], bool)]) -> String {
    const LEFT: f64 = 60.0;
    const RIGHT: f64 = WIDTH - 24.0;
    const TOP: f64 = 56.0;
    const BOTTOM: f64 = 276.0;
    let most = nice(lines.iter().flat_map(|(_, values, _)| *values).copied().fold(f64::MIN_POSITIVE, f64::max));
    let count = lines.iter().map(|(_, values, _)| values.len()).max().unwrap_or(1).max(2);
    let x = |index: usize| LEFT + (RIGHT - LEFT) * index as f64 / (count - 1) as f64;
    let y = |value: f64| BOTTOM - (BOTTOM - TOP) * value / most;

    let mut svg = Svg::new(title, BOTTOM + 52.0);
    svg.text("muted", "start", 8.0, TOP - 14.0, "ms");
    for value in [0.0, 0.25, 0.5, 0.75, 1.0].map(|part| part * most) {
        svg.line(format_args!("<line x1='{LEFT}' x2='{RIGHT}' y1='{y:.1}' y2='{y:.1}'/>", y = y(value)));
        svg.text("muted", "end", LEFT - 8.0, y(value) + 5.0, number(value));
    }
    for (label, values, ours) in lines {
        let class = if *ours { "ours" } else { "other" };
        let points = values.iter().enumerate().map(|(index, value)| format!("{:.1},{:.1} ", x(index), y(*value)));
        svg.line(format_args!("<polyline class='{class}' points='{}'/>", points.collect::<String>().trim_end()));
        svg.text(class, "end", RIGHT, y(values[values.len() / 2]) - 12.0, label);
    }
    for index in [0, count / 4, count / 2, count * 3 / 4, count - 1] {
        svg.text("muted", "middle", x(index), BOTTOM + 20.0, index + 1);
    }
    svg.text("muted", "middle", (LEFT + RIGHT) / 2.0, BOTTOM + 42.0, across);
    svg.end()
}

/// Spans of time, each on a line of its own: depth, label, start and end in milliseconds, and whether it is ours.
pub(crate) fn spans(title: &str, spans: &[(usize, String, f64, f64, bool)]) -> String {
    const LEFT: f64 = 270.0;
    const RIGHT: f64 = 80.0;
    const ROW: f64 = 30.0;
    const TOP: f64 = 52.0;
    let most = spans.iter().map(|(_, _, _, end, _)| *end).fold(f64::MIN_POSITIVE, f64::max);
    let x = |millis: f64| LEFT + (WIDTH - LEFT - RIGHT) * millis / most;
    let mut svg = Svg::new(title, TOP + ROW * spans.len() as f64 + 10.0);
    for (index, (depth, label, start, end, ours)) in spans.iter().enumerate() {
        let y = TOP + ROW * index as f64;
        let class = if *ours { "ours" } else { "other" };
        svg.text(if *ours { "ours" } else { "" }, "start", 8.0 + 16.0 * *depth as f64, y + 15.0, label);
        let width = (x(*end) - x(*start)).max(1.0);
        svg.line(format_args!(
            "<rect class='{class}' x='{:.1}' y='{}' width='{width:.1}' height='20' rx='2'/>",
            x(*start),
            y + 1.0
        ));
        svg.text("", "start", x(*end) + 8.0, y + 15.0, format_args!("{} ms", number(end - start)));
    }
    svg.end()
}

struct Svg(String);

impl Svg {
    fn new(title: &str, height: f64) -> Self {
        let mut svg = Self(String::new());
        svg.line(format_args!(
            "<svg xmlns='http://www.w3.org/2000/svg' viewBox='0 0 {WIDTH} {height}' width='{WIDTH}' height='{height}' \
             role='img' aria-label='{title}'>\n<style>\n{STYLE}\n</style>"
        ));
        svg.text("title", "start", 8.0, 24.0, title);
        svg
    }

    fn text(&mut self, class: &str, anchor: &str, x: f64, y: f64, text: impl Display) {
        self.line(format_args!("<text class='{class}' x='{x:.1}' y='{y:.1}' text-anchor='{anchor}'>{text}</text>"));
    }

    fn line(&mut self, line: impl Display) {
        let _ = writeln!(self.0, "{line}");
    }

    fn end(self) -> String {
        self.0 + "</svg>\n"
    }
}

fn number(value: f64) -> String {
    match value {
        value if value >= 100.0 || value == value.trunc() => format!("{value:.0}"),
        value if value >= 1.0 => format!("{value:.1}"),
        value => format!("{value:.2}"),
    }
}

/// The next larger number that divides well into four.
fn nice(most: f64) -> f64 {
    let scale = 10_f64.powf(most.log10().floor());
    [1.0, 2.0, 4.0, 6.0, 8.0, 10.0].map(|step| step * scale).into_iter().find(|end| *end >= most).unwrap_or(most)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_bar_is_as_long_as_its_value_and_has_it_beside_it() {
        let svg = bars("", &[("one", 50.0, true), ("two", 100.0, false)]);
        assert!(svg.contains("<rect class='ours' x='230' y='53' width='220.0'"), "{svg}");
        assert!(svg.contains("<rect class='other' x='230' y='83' width='440.0'"), "{svg}");
        assert!(svg.contains(">50 ms</text>"), "{svg}");
    }

    #[test]
    fn a_span_begins_and_ends_where_its_times_are() {
        let svg = spans("", &[(0, "one".to_owned(), 0.0, 100.0, false), (1, "two".to_owned(), 50.0, 75.0, true)]);
        assert!(svg.contains("<rect class='other' x='270.0' y='53' width='410.0'"), "{svg}");
        assert!(svg.contains("<rect class='ours' x='475.0' y='83' width='102.5'"), "{svg}");
        assert!(svg.contains("x='24.0' y='97.0' text-anchor='start'>two</text>"), "{svg}");
        assert!(svg.contains(">25 ms</text>"), "{svg}");
    }

    #[test]
    fn lines_have_a_point_for_each_value_and_scales_end_at_round_numbers() {
        let svg = lines("", "", &[("a".to_owned(), &[150.0, 50.0, 100.0], false)]);
        assert!(svg.contains("points='60.0,111.0 398.0,221.0 736.0,166.0'"), "{svg}");
        assert_eq!([nice(136.0), nice(17.0), nice(1.0), nice(0.95)].map(f64::round), [200.0, 20.0, 1.0, 1.0]);
    }
}
