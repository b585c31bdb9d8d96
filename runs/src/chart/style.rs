//! Colours, markers and dashes.
//!
//! The colours are those of Okabe and Ito, which people with any kind of colour blindness tell apart. Their black is
//! the ink, white on a dark page, and their yellow is darker on white paper, where it would not be seen.

use super::unit::px;

/// How a series looks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Style {
    /// Of lines, bands and markers.
    pub colour: Colour,
    /// Which of the markers.
    pub marker: usize,
    /// Which of the dashes; 0 is a line without gaps.
    pub dash: usize,
}

/// What a series is painted with.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Colour {
    /// One of the [`COLOURS`].
    Of(usize),
    /// Grey, for what only helps to read the rest.
    Quiet,
}

/// How many colours there are.
pub const COLOURS: usize = 8;

impl Style {
    /// What only helps to read the rest.
    pub const QUIET: Self = Self { colour: Colour::Quiet, marker: 0, dash: 1 };

    /// That of the `at`-th of things to be told apart: where colours begin again, dashes are others.
    pub fn nth(at: usize) -> Self {
        Self {
            colour: Colour::Of(at % COLOURS),
            marker: (at + at / COLOURS) % 8,
            dash: at / COLOURS,
        }
    }

    /// The lengths of its dashes; none for a line without gaps.
    pub(super) fn dashes(self) -> Option<&'static str> {
        [None, Some("5 3"), Some("1.5 2.5"), Some("8 3 2 3")][self.dash % 4]
    }

    /// The class that fills.
    pub(super) fn fill(self) -> String {
        format!("f{}", self.colour.name())
    }

    /// The class that strokes.
    pub(super) fn stroke(self) -> String {
        format!("k{}", self.colour.name())
    }

    /// The outline of its marker around `(x, y)`, of about the same area for all.
    pub(super) fn marker(self, x: f64, y: f64) -> String {
        const R: f64 = 3.6;
        let corners: &[[f64; 2]] = match self.marker % 8 {
            0 => {
                let (r, d) = (R, 2.0 * R);
                let left = px(x - r);
                return format!("M{left} {}a{r} {r} 0 1 0 {d} 0a{r} {r} 0 1 0 -{d} 0z", px(y));
            }
            1 => &[[-0.9, -0.9], [0.9, -0.9], [0.9, 0.9], [-0.9, 0.9]],
            2 => &[[0.0, -1.25], [1.15, 0.85], [-1.15, 0.85]],
            3 => &[[0.0, -1.3], [1.3, 0.0], [0.0, 1.3], [-1.3, 0.0]],
            4 => &[[0.0, 1.25], [1.15, -0.85], [-1.15, -0.85]],
            5 => &PLUS,
            6 => &CROSS,
            _ => &[[0.0, -1.2], [1.15, -0.35], [0.7, 1.0], [-0.7, 1.0], [-1.15, -0.35]],
        };
        let corner = |[dx, dy]: &[f64; 2]| format!("{} {}", px(x + R * dx), px(y + R * dy));
        let corners: Vec<_> = corners.iter().map(corner).collect();
        format!("M{}z", corners.join("L"))
    }
}

const PLUS: [[f64; 2]; 12] = [
    [-0.4, -1.25],
    [0.4, -1.25],
    [0.4, -0.4],
    [1.25, -0.4],
    [1.25, 0.4],
    [0.4, 0.4],
    [0.4, 1.25],
    [-0.4, 1.25],
    [-0.4, 0.4],
    [-1.25, 0.4],
    [-1.25, -0.4],
    [-0.4, -0.4],
];

const CROSS: [[f64; 2]; 12] = [
    [-1.15, -0.6],
    [-0.6, -1.15],
    [0.0, -0.55],
    [0.6, -1.15],
    [1.15, -0.6],
    [0.55, 0.0],
    [1.15, 0.6],
    [0.6, 1.15],
    [0.0, 0.55],
    [-0.6, 1.15],
    [-1.15, 0.6],
    [-0.55, 0.0],
];

impl Colour {
    fn name(self) -> String {
        match self {
            Self::Of(at) => (at % COLOURS).to_string(),
            Self::Quiet => "q".to_owned(),
        }
    }
}

/// A colour by its name in style sheets.
struct Paint {
    name: &'static str,
    light: &'static str,
    dark: &'static str,
}

const fn paint(name: &'static str, light: &'static str, dark: &'static str) -> Paint {
    Paint { name, light, dark }
}

/// All colours: ink and paper, the palette, and shades from nothing to all.
const PAINTS: [Paint; 20] = [
    paint("paper", "#ffffff", "#15171a"),
    paint("ink", "#1a1c1f", "#e8e6e3"),
    paint("quiet", "#5b6067", "#a3a8ae"),
    paint("grid", "#e2e4e8", "#31353b"),
    paint("c0", "#1a1c1f", "#e8e6e3"),
    paint("c1", "#e69f00", "#e69f00"),
    paint("c2", "#56b4e9", "#56b4e9"),
    paint("c3", "#009e73", "#12b886"),
    paint("c4", "#cc79a7", "#cc79a7"),
    paint("c5", "#0072b2", "#3d9be0"),
    paint("c6", "#d55e00", "#f0742a"),
    paint("c7", "#b3a000", "#f0e442"),
    paint("h0", "#f1f3f5", "#22262b"),
    paint("h1", "#d3e2ee", "#22394d"),
    paint("h2", "#abc9e2", "#2a5275"),
    paint("h3", "#7dacd2", "#3a709f"),
    paint("h4", "#518dbe", "#5790c2"),
    paint("h5", "#306fa5", "#80afd8"),
    paint("h6", "#1a5083", "#aecdea"),
    paint("h7", "#0b325a", "#e0edf9"),
];

/// How many shades there are.
pub(super) const SHADES: usize = 8;

/// The rules of drawings, each colour by what `of` makes of it.
fn rules(of: impl Fn(&Paint) -> String) -> String {
    let mut css = String::from(
        ".chart text{font-size:12px}.chart .heading{font-size:13.5px;font-weight:600}.chart .end{text-anchor:end}\
         .chart .middle{text-anchor:middle}.chart .line{fill:none;stroke-width:1.8;stroke-linejoin:round}\
         .chart .thin{fill:none;stroke-width:1}.chart .band{fill-opacity:.16}.chart .faint{stroke-opacity:.45}",
    );
    for paint in &PAINTS {
        let colour = of(paint);
        css += &match paint.name {
            "paper" => format!(
                ".chart .paper{{fill:{colour}}}.chart .halo{{paint-order:stroke;stroke:{colour};stroke-width:4px;stroke-linejoin:round}}\
                 .chart .edge{{stroke:{colour};stroke-width:1}}"
            ),
            "ink" => format!(
                ".chart text{{fill:{colour}}}.chart .axis{{stroke:{colour};stroke-width:1}}"
            ),
            "quiet" => format!(
                ".chart text.quiet{{fill:{colour}}}.chart .fq{{fill:{colour}}}.chart .kq{{stroke:{colour}}}"
            ),
            "grid" => format!(".chart .grid{{stroke:{colour};stroke-width:1}}"),
            shade if shade.starts_with('h') => format!(".chart .{shade}{{fill:{colour}}}"),
            colour_of => {
                let at = colour_of.trim_start_matches('c');
                format!(".chart .f{at}{{fill:{colour}}}.chart .k{at}{{stroke:{colour}}}")
            }
        };
    }
    css
}

/// The rules for drawings within a page, and the variables `--paper`, `--ink`, `--quiet`, `--grid` and those of
/// colours: by what the reader prefers, and light in print.
pub fn page_css() -> String {
    let variables = |of: fn(&Paint) -> &'static str| -> String {
        PAINTS.iter().map(|paint| format!("--{}:{};", paint.name, of(paint))).collect()
    };
    let (light, dark) = (variables(|paint| paint.light), variables(|paint| paint.dark));
    let rules = rules(|paint| format!("var(--{})", paint.name));
    format!(
        ":root{{color-scheme:light dark;{light}}}\
         @media screen and (prefers-color-scheme:dark){{:root{{{dark}}}}}{rules}"
    )
}

/// The rules for a drawing by itself: black on white.
pub(super) fn sheet_css() -> String {
    rules(|paint| paint.light.to_owned())
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn things_to_be_told_apart_never_look_the_same() {
        let all: BTreeSet<String> = (0..32).map(|at| format!("{:?}", Style::nth(at))).collect();
        assert_eq!(all.len(), 32);
        let markers: BTreeSet<String> = (0..8).map(|at| Style::nth(at).marker(0.0, 0.0)).collect();
        assert_eq!(markers.len(), 8);
    }

    #[test]
    fn a_sheet_has_no_variables_and_a_page_no_colour_beside_them() {
        assert!(!sheet_css().contains("var("));
        let css = page_css();
        let rules = css.split_once("}}").unwrap().1;
        assert!(!rules.contains('#'), "{rules}");
        for paint in &PAINTS {
            assert!(rules.contains(&format!("var(--{})", paint.name)), "{}", paint.name);
        }
    }
}
