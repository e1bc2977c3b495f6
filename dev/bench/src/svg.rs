//! Charts as SVG that is readable on a light and on a dark page.

use std::fmt::Write as _;

/// Horizontal bars, one of them ours.
pub(crate) struct Bars<'a> {
    pub(crate) title: &'a str,
    pub(crate) unit: &'a str,
    /// Label, value, and whether it is ours.
    pub(crate) bars: Vec<(&'a str, f64, bool)>,
}

/// Values over the numbers of invocations.
pub(crate) struct Lines<'a> {
    pub(crate) title: &'a str,
    pub(crate) across: &'a str,
    pub(crate) unit: &'a str,
    /// Label, values, and whether it is the one that is stressed.
    pub(crate) lines: Vec<(String, &'a [f64], bool)>,
}

const WIDTH: f64 = 760.0;
const STYLE: &str = "\
text { font: 14px -apple-system, 'Segoe UI', Helvetica, Arial, sans-serif; fill: #1f2328 }
.title { font-weight: 600; font-size: 16px }
.muted { fill: #59636e }
.ours { fill: #0969da }
.other { fill: #afb8c1 }
.line-ours { stroke: #0969da; stroke-width: 2.5; fill: none }
.line-other { stroke: #bc4c00; stroke-width: 2.5; fill: none }
.text-ours { fill: #0969da; font-weight: 600 }
.text-other { fill: #bc4c00; font-weight: 600 }
.grid { stroke: #d1d9e0; stroke-width: 1 }
@media (prefers-color-scheme: dark) {
  text { fill: #f0f6fc }
  .muted { fill: #9198a1 }
  .ours { fill: #4493f8 }
  .other { fill: #656c76 }
  .line-ours { stroke: #4493f8 }
  .line-other { stroke: #f0883e }
  .text-ours { fill: #4493f8 }
  .text-other { fill: #f0883e }
  .grid { stroke: #3d444d }
}";

impl Bars<'_> {
    pub(crate) fn to_svg(&self) -> String {
        const LEFT: f64 = 230.0;
        const RIGHT: f64 = 90.0;
        const ROW: f64 = 30.0;
        const TOP: f64 = 52.0;
        let height = TOP + ROW * self.bars.len() as f64 + 10.0;
        let most = self.bars.iter().map(|(_, value, _)| *value).fold(f64::MIN_POSITIVE, f64::max);
        let mut svg = begin(self.title, height);
        for (index, (label, value, ours)) in self.bars.iter().enumerate() {
            let y = TOP + ROW * index as f64;
            let width = ((WIDTH - LEFT - RIGHT) * value / most).max(1.0);
            let (bar, text) = if *ours { ("ours", " class=\"text-ours\"") } else { ("other", "") };
            let _ = writeln!(
                svg,
                "<text x=\"{}\" y=\"{}\" text-anchor=\"end\"{text}>{}</text>\n\
                 <rect class=\"{bar}\" x=\"{LEFT}\" y=\"{}\" width=\"{width:.1}\" height=\"{}\" rx=\"2\"/>\n\
                 <text x=\"{:.1}\" y=\"{}\"{text}>{} {}</text>",
                LEFT - 10.0,
                y + 15.0,
                escaped(label),
                y + 1.0,
                ROW - 10.0,
                LEFT + width + 8.0,
                y + 15.0,
                number(*value),
                escaped(self.unit),
            );
        }
        svg + "</svg>\n"
    }
}

impl Lines<'_> {
    pub(crate) fn to_svg(&self) -> String {
        const LEFT: f64 = 60.0;
        const RIGHT: f64 = 24.0;
        const TOP: f64 = 56.0;
        const PLOT: f64 = 220.0;
        let all = || self.lines.iter().flat_map(|(_, values, _)| values.iter().copied());
        let most = nice(all().fold(f64::MIN_POSITIVE, f64::max));
        let count = self.lines.iter().map(|(_, values, _)| values.len()).max().unwrap_or(1).max(2);
        let x = |index: usize| LEFT + (WIDTH - LEFT - RIGHT) * index as f64 / (count - 1) as f64;
        let y = |value: f64| TOP + PLOT * (1.0 - value / most);

        let mut svg = begin(self.title, TOP + PLOT + 52.0);
        for step in 0..=4 {
            let value = most * f64::from(step) / 4.0;
            let _ = writeln!(
                svg,
                "<line class=\"grid\" x1=\"{LEFT}\" x2=\"{}\" y1=\"{y:.1}\" y2=\"{y:.1}\"/>\n\
                 <text class=\"muted\" x=\"{}\" y=\"{:.1}\" text-anchor=\"end\">{}</text>",
                WIDTH - RIGHT,
                LEFT - 8.0,
                y(value) + 5.0,
                number(value),
                y = y(value),
            );
        }
        let _ = writeln!(svg, "<text class=\"muted\" x=\"{}\" y=\"{}\">{}</text>", 8, TOP - 14.0, escaped(self.unit));
        for (label, values, ours) in &self.lines {
            let class = if *ours { "ours" } else { "other" };
            let points: Vec<_> =
                values.iter().enumerate().map(|(i, value)| format!("{:.1},{:.1}", x(i), y(*value))).collect();
            let _ = writeln!(svg, "<polyline class=\"line-{class}\" points=\"{}\"/>", points.join(" "));
            if let Some(typical) = values.get(values.len() / 2) {
                let _ = writeln!(
                    svg,
                    "<text class=\"text-{class}\" x=\"{}\" y=\"{:.1}\" text-anchor=\"end\">{}</text>",
                    WIDTH - RIGHT,
                    y(*typical) - 12.0,
                    escaped(label),
                );
            }
        }
        for index in [0, count / 4, count / 2, count * 3 / 4, count - 1] {
            let _ = writeln!(
                svg,
                "<text class=\"muted\" x=\"{:.1}\" y=\"{}\" text-anchor=\"middle\">{}</text>",
                x(index),
                TOP + PLOT + 20.0,
                index + 1,
            );
        }
        let _ = writeln!(
            svg,
            "<text class=\"muted\" x=\"{}\" y=\"{}\" text-anchor=\"middle\">{}</text>",
            (LEFT + WIDTH - RIGHT) / 2.0,
            TOP + PLOT + 42.0,
            escaped(self.across),
        );
        svg + "</svg>\n"
    }
}

fn begin(title: &str, height: f64) -> String {
    let title = escaped(title);
    format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {WIDTH} {height}\" width=\"{WIDTH}\" \
         height=\"{height}\" role=\"img\" aria-label=\"{title}\">\n<style>\n{STYLE}\n</style>\n\
         <text class=\"title\" x=\"8\" y=\"24\">{title}</text>\n"
    )
}

fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('"', "&quot;")
}

fn number(value: f64) -> String {
    if value >= 100.0 || value == value.trunc() {
        format!("{value:.0}")
    } else if value >= 1.0 {
        format!("{value:.1}")
    } else {
        format!("{value:.2}")
    }
}

/// The next larger number that divides well into four.
fn nice(most: f64) -> f64 {
    let scale = 10_f64.powf(most.log10().floor());
    let steps = [1.0, 2.0, 4.0, 6.0, 8.0, 10.0];
    steps.iter().map(|step| step * scale).find(|end| *end >= most).unwrap_or(most)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_bar_is_as_long_as_its_value_and_has_it_beside_it() {
        let bars = Bars { title: "a & b", unit: "ms", bars: vec![("one", 50.0, true), ("two", 100.0, false)] };
        let svg = bars.to_svg();
        assert!(svg.contains("aria-label=\"a &amp; b\""), "{svg}");
        assert!(svg.contains("class=\"ours\" x=\"230\" y=\"53\" width=\"220.0\""), "{svg}");
        assert!(svg.contains("class=\"other\" x=\"230\" y=\"83\" width=\"440.0\""), "{svg}");
        assert!(svg.contains(">50 ms</text>"), "{svg}");
    }

    #[test]
    fn lines_have_a_point_for_each_value() {
        let lines =
            Lines { title: "", across: "", unit: "ms", lines: vec![("a".to_owned(), &[150.0, 50.0, 100.0], false)] };
        let svg = lines.to_svg();
        assert!(svg.contains("points=\"60.0,111.0 398.0,221.0 736.0,166.0\""), "{svg}");
    }

    #[test]
    fn scales_end_at_round_numbers() {
        assert_eq!([nice(136.0), nice(17.0), nice(1.0), nice(0.95)].map(f64::round), [200.0, 20.0, 1.0, 1.0]);
    }
}
