//! A plot: two axes and the shapes between them, drawn at a given size.

use std::fmt::Write as _;

use plotters::element::BackendCoordOnly;
use plotters::prelude::*;

use super::axis::Axis;
use super::canvas::{AXIS, Canvas, FINE, GRID, Shape};
use super::words::escape;

/// Height of the labels, pixels.
const TEXT: i32 = 12;

/// Two axes and what is between them.
#[derive(Debug, Clone, PartialEq)]
pub struct Plot {
    /// From left to right.
    pub x: Axis,
    /// From bottom to top.
    pub y: Axis,
    /// From back to front.
    pub shapes: Vec<Shape>,
}

/// How large a plot is drawn.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Format {
    /// As wide as a page.
    Wide,
    /// As wide as a telephone.
    Narrow,
    /// One of many beside each other.
    Card,
}

impl Format {
    /// The word for it.
    pub fn word(self) -> &'static str {
        match self {
            Self::Wide => "wide",
            Self::Narrow => "narrow",
            Self::Card => "card",
        }
    }

    /// Width and height in pixels.
    pub fn size(self) -> (u32, u32) {
        match self {
            Self::Wide => (900, 400),
            Self::Narrow => (358, 300),
            Self::Card => (300, 165),
        }
    }

    /// Most ticks of each axis.
    fn ticks(self) -> (usize, usize) {
        match self {
            Self::Wide => (9, 7),
            Self::Narrow => (5, 6),
            Self::Card => (5, 4),
        }
    }
}

impl Plot {
    /// The elements of the SVG in `format`.
    pub fn draw(&self, format: Format) -> String {
        let mut svg = String::new();
        self.draw_on(Canvas::new(format.size(), &mut svg), format)
            .expect("writing to a string cannot fail, and axes are not empty");
        svg
    }

    fn draw_on(
        &self,
        canvas: Canvas<'_>,
        format: Format,
    ) -> Result<(), DrawingAreaErrorKind<std::convert::Infallible>> {
        let area = canvas.into_drawing_area();
        let labels = ("sans-serif", f64::from(TEXT * FINE));
        let mut chart = ChartBuilder::on(&area)
            .margin_top(8 * FINE)
            .margin_left(4 * FINE)
            .margin_right(14 * FINE)
            .margin_bottom(4 * FINE)
            .x_label_area_size(40 * FINE)
            .y_label_area_size(56 * FINE)
            .build_cartesian_2d(self.x.clone(), self.y.clone())?;
        let (x_ticks, y_ticks) = format.ticks();
        chart
            .configure_mesh()
            .x_labels(x_ticks)
            .y_labels(y_ticks)
            .max_light_lines(0)
            .x_label_formatter(&|value| self.x.label(*value))
            .y_label_formatter(&|value| self.y.label(*value))
            .x_desc(self.x.title())
            .y_desc(self.y.title())
            .bold_line_style(GRID)
            .axis_style(AXIS)
            .label_style(labels)
            .axis_desc_style(labels)
            .set_all_tick_mark_size(4 * FINE)
            .draw()?;
        chart.draw_series::<BackendCoordOnly, Shape, _, _>(self.shapes.iter())?;
        area.present()
    }

    /// An SVG element that stands in a page with the style sheet and the symbols.
    pub fn inline(&self, format: Format, label: &str) -> String {
        let (width, height) = format.size();
        let mut svg = format!(
            "<svg class=\"plot {} {}\" viewBox=\"0 0 {width} {height}\" role=\"img\" aria-label=\"{}\">\n",
            format.word(),
            self.y.scale().word(),
            escape(label)
        );
        let _ = writeln!(svg, "{}</svg>", self.draw(format));
        svg
    }
}
