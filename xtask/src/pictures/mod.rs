//! The pictures of the documents, drawn from the records.
//!
//! Each has a card of its own as its background, so that it is readable on light and on dark pages, and is as wide as the text
//! of a README, so that its letters are as large as those around it.

mod footprint;
mod throughput;

use std::fs;

use plotters::{
    coord::Shift,
    prelude::*,
    style::{
        FontTransform,
        text_anchor::{HPos, Pos, VPos},
    },
};

use crate::{
    Outcome,
    record::{Record, footprint::Footprint, peers::Peers},
    repository,
};

const WIDTH: u32 = 760;
const FONT: &str = "Helvetica, Arial, 'Liberation Sans', sans-serif";
const INK: RGBColor = RGBColor(15, 23, 42);
const MUTED: RGBColor = RGBColor(71, 85, 105);
const GRID: RGBColor = RGBColor(226, 232, 240);

type Area<'p> = DrawingArea<SVGBackend<'p>, Shift>;

/// A picture: where it lies in the repository, and its text.
pub struct Picture {
    /// From the top of the repository.
    pub path: &'static str,
    /// In SVG.
    pub text: String,
}

/// All pictures, from the committed records.
///
/// # Errors
///
/// If a record is missing, or lacks what is drawn.
pub fn all() -> Outcome<[Picture; 2]> {
    let [footprint, throughput] = [footprint::svg(&Footprint::committed()?)?, throughput::svg(&Peers::committed()?)?];
    Ok([
        Picture { path: "src/guide/footprint.svg", text: footprint },
        Picture { path: "src/guide/throughput.svg", text: throughput },
    ])
}

/// Writes them all.
///
/// # Errors
///
/// If one cannot be drawn or written.
pub fn write() -> Outcome<()> {
    for Picture { path, text } in all()? {
        fs::write(repository().join(path), text)?;
    }
    Ok(())
}

/// Draws on a card, under a title.
fn card(height: u32, title: &str, draw: impl FnOnce(&Area<'_>) -> Outcome<()>) -> Outcome<String> {
    let mut svg = String::new();
    {
        let area = SVGBackend::with_string(&mut svg, (WIDTH, height)).into_drawing_area();
        area.draw(&Rectangle::new([(0, 0), (pixel(WIDTH) - 1, pixel(height) - 1)], WHITE.filled()))?;
        area.draw(&Rectangle::new([(0, 0), (pixel(WIDTH) - 1, pixel(height) - 1)], GRID))?;
        area.draw(&Text::new(title, (20, 16), font(17, INK).pos(Pos::new(HPos::Left, VPos::Top))))?;
        draw(&area)?;
        area.present()?;
    }
    // For those who listen to a page instead of looking at it.
    let (head, rest) = svg.split_once(">\n").ok_or("no picture was drawn")?;
    Ok(format!("{head} role=\"img\">\n<title>{title}</title>\n{rest}"))
}

fn font(size: u32, color: RGBColor) -> TextStyle<'static> {
    // The library takes the height of a line for the size of its letters.
    (FONT, f64::from(size) * 1.24).into_font().transform(FontTransform::None).color(&color)
}

/// A text that begins, has its middle, or ends at a place.
fn write_text(area: &Area<'_>, text: &str, place: (i32, i32), size: u32, color: RGBColor, at: HPos) -> Outcome<()> {
    let style = font(size, color).pos(Pos::new(at, VPos::Center));
    Ok(area.draw(&Text::new(text.to_owned(), place, style))?)
}

fn pixel(number: u32) -> i32 {
    i32::try_from(number).expect("pictures are small")
}

/// Between two lines of a grid: 1, 2 or 5 and zeros, so that there are so many of them at least.
fn step(most: u64, least: u64) -> u64 {
    let mut decade = 1;
    while decade * 10 * least <= most {
        decade *= 10;
    }
    [5, 2, 1].into_iter().map(|digit| digit * decade).find(|step| step * least <= most).unwrap_or(1)
}

/// Where names go, so that none lies over another: each near its height, in the order of the heights.
fn apart(heights: &[i32], least: i32, bottom: i32) -> Vec<i32> {
    let mut order: Vec<_> = (0..heights.len()).collect();
    order.sort_by_key(|place| heights[*place]);
    let mut names = heights.to_vec();
    // Down from the top, and where that leaves the picture, up from its bottom.
    for pair in order.windows(2) {
        names[pair[1]] = names[pair[1]].max(names[pair[0]] + least);
    }
    let mut limit = bottom;
    for place in order.into_iter().rev() {
        names[place] = names[place].min(limit);
        limit = names[place] - least;
    }
    names
}

#[cfg(test)]
mod tests {
    use super::*;

    /// If this fails: `cargo xtask pictures`.
    #[test]
    fn pictures_show_what_the_records_give() -> Outcome<()> {
        for Picture { path, text } in all()? {
            let committed = fs::read_to_string(repository().join(path))?;
            assert!(committed == text, "{path}: run `cargo xtask pictures`");
        }
        Ok(())
    }

    #[test]
    fn a_grid_has_round_steps() {
        assert_eq!([96_248, 15_080, 270_300, 3, 0].map(|most| step(most, 4)), [20_000, 2_000, 50_000, 1, 1]);
    }

    #[test]
    fn names_do_not_lie_over_each_other() {
        assert_eq!(apart(&[100, 105, 300], 20, 400), [100, 120, 300]);
        assert_eq!(apart(&[395, 390, 100], 20, 400), [400, 380, 100]);
    }
}
