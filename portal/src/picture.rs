//! A QR code as an SVG path: small enough to stand on a page of 6 kB, and sharp on paper.

use std::fmt::Write;

use qrcode::types::QrError;
use qrcode::{Color, EcLevel, QrCode};

/// Light modules around a QR code (ISO/IEC 18004 §6.3.8).
const QUIET: usize = 4;

/// The dark modules, as lines through their middle: the first module's is at 0, 0.
pub(crate) struct Picture {
    /// Modules on each side, with the light ones around.
    pub side: usize,
    pub path: String,
}

impl Picture {
    /// # Errors
    /// The text is too long.
    pub(crate) fn of(text: &str, level: EcLevel) -> Result<Self, QrError> {
        let code = QrCode::with_error_correction_level(text, level)?;
        let width = code.width();
        let colours = code.to_colors();
        let mut path = String::new();
        for (y, row) in colours.chunks(width).enumerate() {
            let (mut x, mut drawn_to) = (0, None);
            for run in row.chunk_by(|one, other| one == other) {
                if run.first() == Some(&Color::Dark) {
                    // Writing to a string cannot fail.
                    let _ = match drawn_to {
                        None => write!(path, "M{x} {y}"),
                        Some(end) => write!(path, "m{} 0", x - end),
                    };
                    let _ = write!(path, "h{}", run.len());
                    drawn_to = Some(x + run.len());
                }
                x += run.len();
            }
        }
        Ok(Self { side: width + 2 * QUIET, path })
    }

    /// The view that shows it with the light modules around.
    pub(crate) fn view(&self) -> String {
        format!("-{QUIET} -{QUIET}.5 {side} {side}", side = self.side)
    }
}

/// What a telephone reads in the pictures of a page.
#[cfg(test)]
pub(crate) fn scan(html: &str) -> Vec<String> {
    const ZOOM: usize = 4;
    let scanned = |svg: &str| {
        let value = |name: &str| svg.split(name).nth(1).unwrap().split('"').next().unwrap();
        let side = value(" viewBox=\"-4 -4.5 ").split(' ').next().unwrap();
        let side: usize = side.parse().unwrap();
        let mut dark = vec![vec![false; side]; side];
        for row in value(" stroke=\"#000\" d=\"").split('M').skip(1) {
            let (start, rest) = row.split_once('h').unwrap();
            let (x, y) = start.split_once(' ').unwrap();
            let [mut x, y]: [usize; 2] = [x, y].map(|text| text.parse::<usize>().unwrap() + QUIET);
            for run in rest.split('h') {
                let (length, gap) = run.split_once('m').unwrap_or((run, "0 0"));
                let length: usize = length.parse().unwrap();
                dark[y][x..x + length].fill(true);
                x += length + gap.strip_suffix(" 0").unwrap().parse::<usize>().unwrap();
            }
        }
        let shade = |x: usize, y: usize| if dark[y / ZOOM][x / ZOOM] { 0 } else { 255 };
        let mut image =
            rqrr::PreparedImage::prepare_from_greyscale(side * ZOOM, side * ZOOM, shade);
        let grids = image.detect_grids();
        assert_eq!(grids.len(), 1, "{svg}");
        grids[0].decode().unwrap().1
    };
    html.split("<svg").filter(|svg| svg.contains("crispEdges")).map(scanned).collect()
}
