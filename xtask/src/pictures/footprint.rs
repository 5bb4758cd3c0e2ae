//! Flash and stack of the reference board, image by image.

use plotters::{prelude::*, style::text_anchor::HPos};

use super::{Area, GRID, INK, MUTED, card, step, write_text};
use crate::{
    Outcome,
    record::{decimal, footprint::Footprint},
};

const TOP: i32 = 84;
const ROW: i32 = 26;
const BAR: i32 = 16;
/// Above the first image of a group.
const HEAD: i32 = 30;
const BELOW: i32 = 36;
const PANELS: [Panel; 2] = [
    Panel { name: "flash, KB", left: 305, right: 490, color: RGBColor(99, 102, 241) },
    Panel { name: "stack used, KB", left: 565, right: 705, color: RGBColor(13, 148, 136) },
];

struct Panel {
    name: &'static str,
    left: i32,
    right: i32,
    color: RGBColor,
}

/// An image: its name within the group, and bytes for each panel.
struct Row {
    name: String,
    bytes: [u64; 2],
}

/// Images by what their elliptic curves come from.
struct Group {
    name: &'static str,
    rows: Vec<Row>,
}

pub(super) fn svg(footprint: &Footprint) -> Outcome<String> {
    let groups = groups(footprint);
    let rows = || groups.iter().flat_map(|group| &group.rows);
    let heights = groups.iter().map(|group| HEAD + ROW * i32::try_from(group.rows.len()).unwrap_or_default());
    let bottom = TOP + heights.sum::<i32>();
    let title = format!("Firmware on {}: flash and stack of each image", footprint.reference());
    card(u32::try_from(bottom + BELOW)?, &title, |area| {
        for (column, panel) in PANELS.iter().enumerate() {
            let most = rows().map(|row| row.bytes[column]).max().ok_or("no images")?;
            panel.grid(area, most, bottom)?;
        }
        let mut y = TOP;
        for group in &groups {
            write_text(area, group.name, (20, y + HEAD / 2), 15, MUTED, HPos::Left)?;
            y += HEAD;
            for row in &group.rows {
                write_text(area, &row.name, (32, y + ROW / 2), 15, INK, HPos::Left)?;
                for (column, panel) in PANELS.iter().enumerate() {
                    let most = rows().map(|row| row.bytes[column]).max().ok_or("no images")?;
                    panel.bar(area, row.bytes[column], most, y + ROW / 2)?;
                }
                y += ROW;
            }
        }
        Ok(())
    })
}

fn groups(footprint: &Footprint) -> Vec<Group> {
    let mut groups =
        ["RustCrypto", "genuine-crypto", "curves by a peripheral"].map(|name| Group { name, rows: Vec::new() });
    for (figure, flash) in footprint.products() {
        let profile = figure.profile.as_str();
        let (group, name) = if let Some(name) = profile.strip_prefix("genuine-crypto, ") {
            (1, if name.starts_with("opt") { format!("full, {name}") } else { name.to_owned() })
        } else if let Some(name) = profile.strip_prefix("without ECDSA, ") {
            (2, format!("full, {name}"))
        } else {
            (0, profile.to_owned())
        };
        groups[group].rows.push(Row { name, bytes: [flash, figure.stack_painted] });
    }
    groups.into()
}

impl Panel {
    /// Its scale: from zero to the end of the longest bar.
    fn x(&self, bytes: u64, most: u64) -> Outcome<i32> {
        let width = u64::try_from(self.right - self.left)?;
        Ok(self.left + i32::try_from(bytes * width / most)?)
    }

    fn grid(&self, area: &Area<'_>, most: u64, bottom: i32) -> Outcome<()> {
        let step = step(most, 3);
        for bytes in (0..=most).step_by(usize::try_from(step)?) {
            let x = self.x(bytes, most)?;
            area.draw(&PathElement::new([(x, TOP), (x, bottom + 4)], GRID))?;
            write_text(area, &(bytes / 1_000).to_string(), (x, bottom + 16), 13, MUTED, HPos::Center)?;
        }
        write_text(area, self.name, (self.left, TOP - 14), 15, INK, HPos::Left)
    }

    /// A bar with its number at the end.
    fn bar(&self, area: &Area<'_>, bytes: u64, most: u64, middle: i32) -> Outcome<()> {
        let end = self.x(bytes, most)?;
        area.draw(&Rectangle::new([(self.left, middle - BAR / 2), (end, middle + BAR / 2)], self.color.filled()))?;
        write_text(area, &decimal(bytes, 1_000, 1), (end + 6, middle), 14, INK, HPos::Left)
    }
}
