//! A drawing surface for `plotters` that writes SVG whose look is left to a style sheet.
//!
//! Nothing has a colour here: every element has classes, and marks carry the values they stand for as `data-`
//! attributes, so that one figure serves light, dark and printed pages, and a reader can check what is drawn.

use std::convert::Infallible;
use std::fmt::Write as _;

use plotters::element::{Drawable, PointCollection};
use plotters::style::RGBColor;
use plotters_backend::text_anchor::{HPos, VPos};
use plotters_backend::{
    BackendColor, BackendCoord, BackendStyle, BackendTextStyle, DrawingBackend, DrawingErrorKind,
    FontTransform,
};

use super::words::escape;

/// `plotters` counts in whole pixels; ten to each of ours keep curves smooth.
pub const FINE: i32 = 10;

/// Stands for the class `grid` where `plotters` wants a colour.
pub const GRID: RGBColor = RGBColor(1, 0, 0);
/// Stands for the class `axis`.
pub const AXIS: RGBColor = RGBColor(2, 0, 0);

type Drawn = Result<(), DrawingErrorKind<Infallible>>;

/// What is drawn at the points of a [`Shape`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Mark {
    /// A symbol, defined once a document, at the first point.
    Symbol(&'static str),
    /// A line through all points.
    Line,
    /// The area within all points.
    Area,
    /// A rectangle between two corners.
    Bar,
    /// A line with two ends between two points one above the other.
    Whisker,
}

/// One thing in a plot, in the units of its axes.
#[derive(Debug, Clone, PartialEq)]
pub struct Shape {
    /// What is drawn.
    pub mark: Mark,
    /// Classes, series first.
    pub class: String,
    /// Where.
    pub points: Vec<(f64, f64)>,
    /// The values behind it: names without `data-`, and values.
    pub data: Vec<(&'static str, String)>,
    /// What a reader is told when pointing at it.
    pub tip: String,
}

impl Shape {
    /// A shape without values of its own.
    pub fn new(mark: Mark, class: impl Into<String>, points: Vec<(f64, f64)>) -> Self {
        Self {
            mark,
            class: class.into(),
            points,
            data: Vec::new(),
            tip: String::new(),
        }
    }

    /// With the value of one `data-` attribute.
    pub fn with(mut self, name: &'static str, value: &impl ToString) -> Self {
        self.data.push((name, value.to_string()));
        self
    }

    /// With what a reader is told when pointing at it.
    pub fn tip(mut self, tip: impl Into<String>) -> Self {
        self.tip = tip.into();
        self
    }
}

impl<'a> PointCollection<'a, (f64, f64)> for &'a Shape {
    type Point = &'a (f64, f64);
    type IntoIter = &'a [(f64, f64)];

    fn point_iter(self) -> Self::IntoIter {
        &self.points
    }
}

impl Drawable<Canvas<'_>> for Shape {
    fn draw<I: Iterator<Item = BackendCoord>>(
        &self,
        places: I,
        canvas: &mut Canvas<'_>,
        _: (u32, u32),
    ) -> Drawn {
        canvas.shape(self, &places.collect::<Vec<_>>());
        Ok(())
    }
}

/// Collects the elements of an SVG, without the `<svg>` around them.
#[derive(Debug)]
pub struct Canvas<'a> {
    size: (u32, u32),
    svg: &'a mut String,
}

impl<'a> Canvas<'a> {
    /// A surface of `size` pixels that appends to `svg`.
    pub fn new(size: (u32, u32), svg: &'a mut String) -> Self {
        Self { size, svg }
    }

    fn element(&mut self, name: &str, class: &str, attributes: &str) {
        let _ = writeln!(self.svg, "<{name} class=\"{class}\" {attributes}/>");
    }

    fn shape(&mut self, shape: &Shape, places: &[BackendCoord]) {
        let Some((name, mut attributes)) = outline(shape.mark, places) else {
            return;
        };
        for (key, value) in &shape.data {
            let _ = write!(attributes, " data-{key}=\"{}\"", escape(value));
        }
        if !shape.tip.is_empty() {
            let _ = write!(attributes, " data-tip=\"{}\"", escape(&shape.tip));
        }
        self.element(name, &escape(&shape.class), &attributes);
    }
}

/// Name and geometry of the element that draws `mark`; none when points are missing.
fn outline(mark: Mark, places: &[BackendCoord]) -> Option<(&'static str, String)> {
    Some(match (mark, places) {
        (Mark::Symbol(symbol), [(x, y), ..]) => (
            "use",
            format!("href=\"#{symbol}\" x=\"{}\" y=\"{}\"", fine(*x), fine(*y)),
        ),
        (Mark::Line, [_, ..]) => ("polyline", format!("points=\"{}\"", points(places))),
        (Mark::Area, [_, ..]) => ("polygon", format!("points=\"{}\"", points(places))),
        (Mark::Bar, [a, b]) => {
            let (left, top) = (a.0.min(b.0), a.1.min(b.1));
            let (width, height) = ((a.0 - b.0).abs(), (a.1 - b.1).abs());
            let attributes = format!(
                "x=\"{}\" y=\"{}\" width=\"{}\" height=\"{}\"",
                fine(left),
                fine(top),
                fine(width),
                fine(height)
            );
            ("rect", attributes)
        }
        (Mark::Whisker, [a, b]) => {
            let (x, low, high) = (fine(a.0), fine(a.1), fine(b.1));
            let path = format!("M{x} {low}V{high}m-4 0h8M{x} {low}m-4 0h8");
            ("path", format!("d=\"{path}\""))
        }
        _ => return None,
    })
}

/// A coordinate as it is written: in pixels.
fn fine(place: i32) -> String {
    let text = format!("{:.1}", f64::from(place) / f64::from(FINE));
    text.strip_suffix(".0").unwrap_or(&text).to_owned()
}

fn points(places: &[BackendCoord]) -> String {
    let pairs: Vec<String> = places
        .iter()
        .map(|(x, y)| format!("{},{}", fine(*x), fine(*y)))
        .collect();
    pairs.join(" ")
}

fn class_of(color: BackendColor) -> &'static str {
    match color.rgb {
        (1, 0, 0) => "grid",
        _ => "axis",
    }
}

impl DrawingBackend for Canvas<'_> {
    type ErrorType = Infallible;

    fn get_size(&self) -> (u32, u32) {
        let fine = FINE.unsigned_abs();
        (self.size.0 * fine, self.size.1 * fine)
    }

    fn ensure_prepared(&mut self) -> Drawn {
        Ok(())
    }

    fn present(&mut self) -> Drawn {
        Ok(())
    }

    fn draw_pixel(&mut self, place: BackendCoord, color: BackendColor) -> Drawn {
        let attributes = format!(
            "x=\"{}\" y=\"{}\" width=\"1\" height=\"1\"",
            fine(place.0),
            fine(place.1)
        );
        self.element("rect", class_of(color), &attributes);
        Ok(())
    }

    fn draw_line<S: BackendStyle>(
        &mut self,
        from: BackendCoord,
        to: BackendCoord,
        style: &S,
    ) -> Drawn {
        if style.color().alpha > 0.0 {
            let attributes = format!("points=\"{}\"", points(&[from, to]));
            self.element("polyline", class_of(style.color()), &attributes);
        }
        Ok(())
    }

    fn draw_path<S: BackendStyle, I: IntoIterator<Item = BackendCoord>>(
        &mut self,
        path: I,
        style: &S,
    ) -> Drawn {
        if style.color().alpha > 0.0 {
            let places: Vec<BackendCoord> = path.into_iter().collect();
            let attributes = format!("points=\"{}\"", points(&places));
            self.element("polyline", class_of(style.color()), &attributes);
        }
        Ok(())
    }

    fn draw_text<S: BackendTextStyle>(
        &mut self,
        text: &str,
        style: &S,
        (x, y): BackendCoord,
    ) -> Drawn {
        let anchor = match style.anchor().h_pos {
            HPos::Left => "start",
            HPos::Center => "middle",
            HPos::Right => "end",
        };
        // Parts of the height of a line, since not every viewer knows `dominant-baseline`.
        let drop = match style.anchor().v_pos {
            VPos::Top => "0.8em",
            VPos::Center => "0.32em",
            VPos::Bottom => "-0.2em",
        };
        let (x, y) = (fine(x), fine(y));
        let turn = match style.transform() {
            FontTransform::None => String::new(),
            FontTransform::Rotate90 => format!(" transform=\"rotate(90 {x} {y})\""),
            FontTransform::Rotate180 => format!(" transform=\"rotate(180 {x} {y})\""),
            FontTransform::Rotate270 => format!(" transform=\"rotate(270 {x} {y})\""),
        };
        let text = escape(text);
        let _ = writeln!(
            self.svg,
            "<text x=\"{x}\" y=\"{y}\" dy=\"{drop}\" text-anchor=\"{anchor}\"{turn}>{text}</text>"
        );
        Ok(())
    }

    fn estimate_text_size<S: BackendTextStyle>(
        &self,
        text: &str,
        style: &S,
    ) -> Result<(u32, u32), DrawingErrorKind<Infallible>> {
        let width = text.chars().count() as f64 * style.size() * 0.55;
        Ok((width as u32, style.size() as u32))
    }
}
