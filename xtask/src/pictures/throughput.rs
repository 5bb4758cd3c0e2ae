//! Assertions a second: against the number of devices, and against how many are handed over at once.

use plotters::{element::DashedPathElement, prelude::*, style::text_anchor::HPos};

use super::{Area, GRID, INK, MUTED, apart, card, step, write_text};
use crate::{
    Outcome,
    record::{peers::Peers, thousands},
};

const HEIGHT: u32 = 820;
const LEFT: i32 = 84;
const RIGHT: i32 = 500;
/// Top and bottom of what is drawn in each panel.
const PANELS: [(i32, i32); 2] = [(96, 376), (486, 766)];
/// Between two names, at least.
const LINE: i32 = 19;

const LARGE: RGBColor = RGBColor(79, 70, 229);
const SMALL: RGBColor = RGBColor(13, 148, 136);
const PLAIN: RGBColor = RGBColor(180, 83, 9);
const RIVAL: RGBColor = RGBColor(100, 116, 139);
const ANEW: RGBColor = RGBColor(190, 18, 60);

/// A line: its name, its colour, whether it is of the lanes, and what it shows.
struct Line {
    name: &'static str,
    color: RGBColor,
    lanes: bool,
    values: Vec<u64>,
}

pub(super) fn svg(peers: &Peers) -> Outcome<String> {
    const BATCHES: [u64; 3] = [1, 8, 64];
    const FLEET: u64 = 1_000;
    let scaling = &peers.scaling;
    // Where the processor has no lanes, theirs are not measured, and not drawn.
    let by_devices = |name, color, way: &str, at_once| {
        let values = scaling.devices.iter().map(|devices| scaling.per_second(way, at_once, *devices));
        Some(Line { name, color, lanes: way.starts_with("lanes"), values: values.collect::<Option<_>>()? })
    };
    let by_batch = |name, color, way: &str| {
        let values = BATCHES.map(|batch| scaling.per_second(way, Some(batch), FLEET));
        Some(Line { name, color, lanes: way.starts_with("lanes"), values: values.into_iter().collect::<Option<_>>()? })
    };
    let devices = [
        by_devices("eight lanes, prepared 8 KB", LARGE, "lanes, prepared 8 KB", Some(8)),
        by_devices("eight lanes, unprepared", PLAIN, "lanes, unprepared", Some(8)),
        by_devices("prepared 8 KB", LARGE, "GenuineCrypto, prepared 8 KB", None),
        by_devices("prepared 2 KB", SMALL, "GenuineCrypto, prepared 2 KB", None),
        by_devices("unprepared", PLAIN, "GenuineCrypto, unprepared", None),
        by_devices("aws-lc-rs", RIVAL, "aws-lc-rs", None),
        by_devices("8 KB prepared anew", ANEW, "GenuineCrypto, cold: 8 KB prepared anew", None),
    ];
    let batches = [
        by_batch("eight lanes, prepared 8 KB", LARGE, "lanes, prepared 8 KB"),
        by_batch("eight lanes, prepared 2 KB", SMALL, "lanes, prepared 2 KB"),
        by_batch("eight lanes, unprepared", PLAIN, "lanes, unprepared"),
        by_batch("prepared 8 KB", LARGE, "GenuineCrypto, prepared 8 KB"),
        by_batch("prepared 2 KB", SMALL, "GenuineCrypto, prepared 2 KB"),
        by_batch("unprepared", PLAIN, "GenuineCrypto, unprepared"),
    ];
    let [devices, batches] =
        [devices.into_iter().flatten().collect(), batches.into_iter().flatten().collect::<Vec<_>>()];
    let devices: Vec<Line> = devices;
    // One scale for both, so that they can be compared.
    let most = devices.iter().chain(&batches).flat_map(|line| &line.values).max().copied().ok_or("no figures")?;
    card(HEIGHT, "Throughput of whole assertions on one thread", |area| {
        panel(
            area,
            PANELS[0],
            "assertions a second, by number of devices in random order",
            "devices",
            &scaling.devices,
            most,
            &devices,
        )?;
        panel(
            area,
            PANELS[1],
            "assertions a second, by batch, of 1,000 devices",
            "assertions handed over at once",
            &BATCHES,
            most,
            &batches,
        )
    })
}

/// Lines over a few places that lie equally far apart, on a scale that begins at zero.
fn panel(
    area: &Area<'_>,
    (top, bottom): (i32, i32),
    head: &str,
    axis: &str,
    places: &[u64],
    most: u64,
    lines: &[Line],
) -> Outcome<()> {
    let step = step(most, 4);
    let highest = most.div_ceil(step) * step;
    let y =
        |value: u64| -> Outcome<i32> { Ok(bottom - i32::try_from(value * u64::try_from(bottom - top)? / highest)?) };
    let gap = (RIGHT - LEFT) / i32::try_from(places.len() - 1)?;
    let x = |place: usize| -> Outcome<i32> { Ok(LEFT + gap * i32::try_from(place)?) };

    write_text(area, head, (20, top - 34), 15, MUTED, HPos::Left)?;
    for value in (0..=highest).step_by(usize::try_from(step)?) {
        let y = y(value)?;
        area.draw(&PathElement::new([(LEFT, y), (RIGHT, y)], GRID))?;
        write_text(area, &thousands(value), (LEFT - 10, y), 14, MUTED, HPos::Right)?;
    }
    for (place, number) in places.iter().enumerate() {
        write_text(area, &thousands(*number), (x(place)?, bottom + 18), 14, MUTED, HPos::Center)?;
    }
    write_text(area, axis, (LEFT.midpoint(RIGHT), bottom + 40), 14, MUTED, HPos::Center)?;

    let ends =
        lines.iter().map(|line| y(line.values.last().copied().unwrap_or_default())).collect::<Outcome<Vec<_>>>()?;
    for ((line, end), name) in lines.iter().zip(&ends).zip(apart(&ends, LINE, bottom - 4)) {
        let points = line.values.iter().enumerate().map(|(place, value)| Ok((x(place)?, y(*value)?)));
        let points = points.collect::<Outcome<Vec<_>>>()?;
        let style = line.color.stroke_width(2);
        if line.lanes {
            area.draw(&DashedPathElement::new(points.iter().copied(), 7, 4, style))?;
        } else {
            area.draw(&PathElement::new(points.clone(), style))?;
        }
        for point in points {
            area.draw(&Circle::new(point, 3, line.color.filled()))?;
        }
        area.draw(&PathElement::new([(RIGHT + 7, *end), (RIGHT + 26, name)], line.color))?;
        write_text(area, line.name, (RIGHT + 32, name), 15, INK, HPos::Left)?;
    }
    Ok(())
}
