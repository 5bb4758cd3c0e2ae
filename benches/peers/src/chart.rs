//! The picture of throughput: against the number of devices, and against how many assertions are handed over at once.

use std::fmt::Write as _;

use crate::scaling::{BATCHES, By, DEVICES, Keys, Scaling, Way, readable};

const WIDTH: f64 = 930.0;
const HEIGHT: f64 = 400.0;
const TOP: f64 = 62.0;
const BOTTOM: f64 = 340.0;
/// Where the points of each panel lie, and where the names of its lines begin.
const PANELS: [Panel; 2] = [Panel { left: 62.0, right: 270.0 }, Panel { left: 530.0, right: 738.0 }];
/// Between two names, at least.
const LINE: f64 = 16.0;

#[derive(Clone, Copy)]
struct Panel {
    left: f64,
    right: f64,
}

/// A line: its name, its class in the style sheet, and what it shows.
struct Line<'n> {
    name: &'n str,
    class: &'n str,
    values: Vec<f64>,
}

/// Draws it, on a card of its own like the other pictures.
pub(crate) fn svg(scaling: &Scaling) -> String {
    let line = |name, class, values: Option<Vec<f64>>| values.map(|values| Line { name, class, values });
    let by_devices = |way| (0..DEVICES.len()).map(|devices| scaling.throughput(way, devices)).collect();
    // Of a thousand devices.
    let by_batch = |by, keys| {
        BATCHES.map(|batch| scaling.throughput(Way { by, keys, batch: Some(batch) }, 1)).into_iter().collect()
    };
    let way = |by, keys, batch| Way { by, keys, batch };
    let devices = [
        line("lanes, prepared 8 KB, by 8", "large lanes", by_devices(way(By::Ifma, Keys::Large, Some(8)))),
        line("lanes, unprepared, by 8", "plain lanes", by_devices(way(By::Ifma, Keys::Plain, Some(8)))),
        line("prepared 8 KB", "large", by_devices(way(By::GenuineCrypto, Keys::Large, None))),
        line("prepared 2 KB", "small", by_devices(way(By::GenuineCrypto, Keys::Small, None))),
        line("unprepared", "plain", by_devices(way(By::GenuineCrypto, Keys::Plain, None))),
        line("aws-lc-rs", "rival", by_devices(way(By::AwsLc, Keys::Plain, None))),
        line("8 KB prepared anew", "anew", by_devices(way(By::GenuineCrypto, Keys::LargeAnew, None))),
    ];
    let batches = [
        line("lanes, prepared 8 KB", "large lanes", by_batch(By::Ifma, Keys::Large)),
        line("lanes, prepared 2 KB", "small lanes", by_batch(By::Ifma, Keys::Small)),
        line("lanes, unprepared", "plain lanes", by_batch(By::Ifma, Keys::Plain)),
        line("prepared 8 KB", "large", by_batch(By::GenuineCrypto, Keys::Large)),
        line("prepared 2 KB", "small", by_batch(By::GenuineCrypto, Keys::Small)),
        line("unprepared", "plain", by_batch(By::GenuineCrypto, Keys::Plain)),
    ];

    let mut svg = format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {WIDTH} {HEIGHT}\" role=\"img\" \
         font-family=\"system-ui, sans-serif\" font-size=\"13\">\n\
         <title>Assertions a second on one core</title>\n\
         <style>text {{ fill: #0f172a }} .head {{ font-weight: 600 }} .scale {{ fill: #475569 }} \
         .grid {{ stroke: #e2e8f0 }} polyline {{ fill: none; stroke-width: 2 }} .lanes {{ stroke-dasharray: 6 3 }} \
         .large {{ stroke: #6366f1 }} .small {{ stroke: #0d9488 }} .plain {{ stroke: #b45309 }} \
         .rival {{ stroke: #64748b }} .anew {{ stroke: #be123c }}</style>\n\
         <rect x=\"0.75\" y=\"0.75\" width=\"{}\" height=\"{}\" rx=\"14\" fill=\"#ffffff\" stroke=\"#e2e8f0\"/>\n",
        WIDTH - 2.0,
        HEIGHT - 2.0,
    );
    // One scale for both, so that they can be compared.
    let most = devices.iter().chain(&batches).flatten().flat_map(|line| &line.values).copied().fold(1.0, f64::max);
    panel(&mut svg, PANELS[0], "Assertions a second, by devices", "devices", &DEVICES.map(readable), most, devices);
    panel(&mut svg, PANELS[1], "By batch, of 1,000 devices", "at once", &BATCHES.map(readable), most, batches);
    svg + "</svg>\n"
}

/// Lines over a few places that lie equally far apart, on a scale that begins at zero.
fn panel<const N: usize>(
    svg: &mut String,
    Panel { left, right }: Panel,
    head: &str,
    axis: &str,
    places: &[String],
    most: f64,
    lines: [Option<Line<'_>>; N],
) {
    let mut put = |line: String| writeln!(svg, "{line}").expect("a string takes all");
    let lines: Vec<_> = lines.into_iter().flatten().collect();
    let step = step(most);
    let top = (most / step).ceil() * step;
    let y = |value: f64| BOTTOM - value / top * (BOTTOM - TOP);
    let gap = (right - left) / f64::from(u32::try_from(places.len()).expect("few") - 1);
    let x: Vec<_> = (0_u8..).take(places.len()).map(|place| left + gap * f64::from(place)).collect();

    put(format!("<text class=\"head\" x=\"{}\" y=\"34\">{head}</text>", left - 42.0));
    let mut value = 0.0;
    while value <= top {
        let y = y(value);
        put(format!("<line class=\"grid\" x1=\"{left:.0}\" y1=\"{y:.1}\" x2=\"{right:.0}\" y2=\"{y:.1}\"/>"));
        let name = if value == 0.0 { "0".to_owned() } else { format!("{:.0} k", value / 1e3) };
        let (x, y) = (left - 8.0, y + 4.5);
        put(format!("<text class=\"scale\" x=\"{x:.0}\" y=\"{y:.1}\" text-anchor=\"end\">{name}</text>"));
        value += step;
    }
    for (x, place) in x.iter().zip(places) {
        let y = BOTTOM + 20.0;
        put(format!("<text class=\"scale\" x=\"{x:.1}\" y=\"{y:.1}\" text-anchor=\"middle\">{place}</text>"));
    }
    let middle = f64::midpoint(left, right);
    put(format!(
        "<text class=\"scale\" x=\"{middle:.1}\" y=\"{:.1}\" text-anchor=\"middle\">{axis}</text>",
        BOTTOM + 40.0
    ));

    let ends: Vec<_> = lines.iter().map(|line| y(line.values.last().copied().unwrap_or(0.0))).collect();
    for ((line, end), name) in lines.iter().zip(&ends).zip(apart(&ends)) {
        let points: Vec<_> = x.iter().zip(&line.values).map(|(x, value)| format!("{x:.1},{:.1}", y(*value))).collect();
        put(format!("<polyline class=\"{}\" points=\"{}\"/>", line.class, points.join(" ")));
        let [from, to] = [right + 4.0, right + 20.0];
        put(format!("<polyline class=\"{}\" points=\"{from:.1},{end:.1} {to:.1},{name:.1}\"/>", line.class));
        put(format!("<text x=\"{:.1}\" y=\"{:.1}\">{}</text>", right + 25.0, name + 4.5, line.name));
    }
}

/// Between two lines of the grid: 1, 2 or 5 and zeros, so that there are four to ten of them.
fn step(most: f64) -> f64 {
    let decade = 10_f64.powf((most / 4.0).log10().floor());
    [5.0, 2.0, 1.0].into_iter().map(|digit| digit * decade).find(|step| most / step >= 4.0).unwrap_or(decade)
}

/// Where names go, so that none lies over another: each near its height, in the order of the heights.
fn apart(heights: &[f64]) -> Vec<f64> {
    let mut order: Vec<_> = (0..heights.len()).collect();
    order.sort_by(|a, b| heights[*a].total_cmp(&heights[*b]));
    let mut places = heights.to_vec();
    // Downwards, and from the bottom up again.
    for pair in order.windows(2) {
        places[pair[1]] = places[pair[1]].max(places[pair[0]] + LINE);
    }
    let mut lowest = BOTTOM;
    for index in order.into_iter().rev() {
        places[index] = places[index].min(lowest);
        lowest = places[index] - LINE;
    }
    places
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_keep_their_distance() {
        let places = apart(&[BOTTOM, BOTTOM - 1.0, 100.0, BOTTOM - 2.0]);
        let bottom = BOTTOM.round();
        let wanted = [bottom, bottom - LINE, 100.0, bottom - 2.0 * LINE];
        assert!(places.iter().zip(wanted).all(|(place, wanted)| (place - wanted).abs() < 1e-9), "{places:?}");
    }

    #[test]
    fn the_grid_has_some_lines() {
        for most in [1.0, 7.0, 39.0, 41.0, 1e5, 4.9e5, 1e6] {
            let lines = most / step(most);
            assert!((4.0..=10.0).contains(&lines), "{lines} for {most}");
        }
    }
}
