//! The map of all links as a picture (SVG): hubs in the middle, sites on a ring around them, each with
//! its lines beside it.
//!
//! A state is told by colour, by the shape of a sign and by a word. The same topology gives the same
//! picture. Labels of up to thirty sites never overlap: each has a block of its own at the side.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::time::Duration;

use link::cause::{Line, Topology};

use super::markup::{escaped, isolated};
use super::wording::{Catalogue, Language};

/// Pixels from one line of text to the next.
const ROW: f64 = 20.0;
/// Pixels that a letter is wide at most.
const LETTER: f64 = 8.0;
const WIDTH: f64 = 1_400.0;
const RING: f64 = 270.0;
const GAP: f64 = 14.0;
/// The most letters of a name; what is longer ends in dots.
const MOST_LETTERS: usize = 22;

/// How a line or site is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum State {
    /// It carries.
    Up,
    /// People work on it.
    Maintenance,
    /// Nothing is known.
    Unknown,
    /// It carries badly, or not all of it.
    Degraded,
    /// It carries nothing.
    Down,
}

/// How a line is now.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct LineNow {
    /// Its state.
    pub state: State,
    /// How long a round trip takes.
    pub round_trip: Option<Duration>,
}

/// A site on the map.
#[derive(Debug, Clone, PartialEq)]
struct Place<'a> {
    site: &'a str,
    lines: Vec<&'a Line>,
    /// Where its sign is.
    x: f64,
    y: f64,
    /// The corner of its label.
    label: Block,
    side: Side,
}

/// What a label takes.
#[derive(Debug, Clone, Copy, PartialEq)]
struct Block {
    left: f64,
    top: f64,
    width: f64,
    height: f64,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Side {
    Left,
    Right,
    Middle,
}

impl State {
    const ALL: [Self; 5] = [Self::Up, Self::Degraded, Self::Down, Self::Maintenance, Self::Unknown];

    /// As it is written for programs.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Up => "up",
            Self::Maintenance => "maintenance",
            Self::Unknown => "unknown",
            Self::Degraded => "degraded",
            Self::Down => "down",
        }
    }

    /// The word for it in the catalogue.
    const fn key(self) -> &'static str {
        match self {
            Self::Up => "state-up",
            Self::Maintenance => "state-maintenance",
            Self::Unknown => "state-unknown",
            Self::Degraded => "state-degraded",
            Self::Down => "state-down",
        }
    }

    const fn colour(self) -> &'static str {
        match self {
            Self::Up => "#1a7f37",
            Self::Maintenance => "#5b4bb7",
            Self::Unknown => "#6e7781",
            Self::Degraded => "#9a6700",
            Self::Down => "#c4161c",
        }
    }

    const fn dashes(self) -> &'static str {
        match self {
            Self::Up => "none",
            Self::Maintenance => "14 4 3 4",
            Self::Unknown => "1 6",
            Self::Degraded => "12 6",
            Self::Down => "4 7",
        }
    }

    /// A sign of a shape of its own: circle, square, ring, triangle, cross.
    fn sign(self, x: f64, y: f64, r: f64) -> String {
        let colour = self.colour();
        match self {
            Self::Up => format!("<circle cx='{x:.1}' cy='{y:.1}' r='{r:.1}' fill='{colour}'/>"),
            Self::Maintenance => {
                let (left, top, size) = (x - r, y - r, 2.0 * r);
                format!(
                    "<rect x='{left:.1}' y='{top:.1}' width='{size:.1}' height='{size:.1}' fill='{colour}'/>"
                )
            }
            Self::Unknown => format!(
                "<circle cx='{x:.1}' cy='{y:.1}' r='{r:.1}' fill='#fff' stroke='{colour}' stroke-width='2'/>"
            ),
            Self::Degraded => {
                let (top, bottom, left, right) = (y - r, y + r, x - r, x + r);
                format!(
                    "<path d='M{x:.1} {top:.1}L{right:.1} {bottom:.1}L{left:.1} {bottom:.1}Z' fill='{colour}'/>"
                )
            }
            Self::Down => {
                let (left, right, top, bottom) = (x - r, x + r, y - r, y + r);
                format!(
                    "<path d='M{left:.1} {top:.1}L{right:.1} {bottom:.1}M{left:.1} {bottom:.1}L{right:.1} \
                     {top:.1}' stroke='{colour}' stroke-width='{:.1}' fill='none'/>",
                    r * 0.6
                )
            }
        }
    }
}

/// The picture, as an `svg` element that also stands alone. Of lines that are not in `now` nothing is
/// known.
pub fn svg(
    topology: &Topology,
    now: &BTreeMap<String, LineNow>,
    words: &Catalogue,
    language: Language,
) -> String {
    let (places, height) = layout(topology);
    let title = escaped(&words.text(language, "map-title"));
    let lang = language.as_str();
    let mut svg = format!(
        "<svg xmlns='http://www.w3.org/2000/svg' viewBox='0 0 {WIDTH:.0} {height:.0}' role='img' \
         lang='{lang}' font-family='sans-serif' font-size='16' style='direction:ltr'>\
         <title>{title}</title><rect width='100%' height='100%' fill='#fff'/>"
    );
    for line in &topology.lines {
        draw_line(&mut svg, topology, &places, line, state_of(now, line));
    }
    for place in &places {
        draw_place(&mut svg, place, now, words, language);
    }
    draw_legend(&mut svg, height, words, language);
    svg.push_str("</svg>");
    svg
}

fn state_of(now: &BTreeMap<String, LineNow>, line: &Line) -> State {
    now.get(&line.name).map_or(State::Unknown, |now| now.state)
}

/// A site is down if all its lines are, and degraded if not all carry.
fn state_of_site(states: &[State]) -> State {
    match (states.iter().min(), states.iter().max()) {
        (Some(least), Some(most)) if least == most => *least,
        (Some(State::Up), Some(State::Maintenance)) => State::Up,
        (None, _) | (_, None) => State::Unknown,
        _ => State::Degraded,
    }
}

/// Where everything is, and how high the picture is.
fn layout(topology: &Topology) -> (Vec<Place<'_>>, f64) {
    let sites = topology.sites();
    let (hubs, ring): (Vec<&str>, Vec<&str>) =
        sites.into_iter().partition(|site| topology.is_hub(site));
    let place = |site, side| Place {
        site,
        lines: if side == Side::Middle { Vec::new() } else { topology.of_site(site).collect() },
        x: 0.0,
        y: 0.0,
        label: Block { left: 0.0, top: 0.0, width: 0.0, height: 0.0 },
        side,
    };
    let half = ring.len().div_ceil(2);
    let (right, left) = ring.split_at(half);
    let mut columns = [
        right.iter().map(|site| place(site, Side::Right)).collect::<Vec<_>>(),
        left.iter().rev().map(|site| place(site, Side::Left)).collect(),
        hubs.iter().map(|site| place(site, Side::Middle)).collect(),
    ];
    let height_of = |column: &[Place<'_>]| -> f64 {
        column.iter().map(|place| place.height() + GAP).sum::<f64>() + GAP
    };
    let inner = columns.iter().map(|column| height_of(column)).fold(300.0, f64::max);
    for column in &mut columns {
        let spare = (inner - height_of(column)) / (lossless(column.len()) + 1.0);
        let mut top = GAP + spare;
        for place in column {
            let height = place.height();
            place.set(top, height, inner);
            top += height + GAP + spare;
        }
    }
    (columns.into_iter().flatten().collect(), inner + 2.0 * ROW + GAP)
}

fn lossless(count: usize) -> f64 {
    u32::try_from(count).map_or(f64::MAX, f64::from)
}

impl Place<'_> {
    /// The name, and a row for each line.
    fn height(&self) -> f64 {
        ROW * (1.0 + lossless(self.lines.len()))
    }

    fn set(&mut self, top: f64, height: f64, inner: f64) {
        let (middle, width) = (WIDTH / 2.0, WIDTH / 2.0 - RING - 3.0 * GAP);
        self.y = top + height / 2.0;
        let from_middle = ((self.y - inner / 2.0) / (inner / 2.0)).clamp(-1.0, 1.0);
        // A flat ring: also the first and last of a column stay clear of the middle.
        let reach = RING * from_middle.mul_add(-0.45 * from_middle, 1.0);
        let left = match self.side {
            Side::Right => middle + RING + 2.0 * GAP,
            Side::Left => middle - RING - 2.0 * GAP - width,
            Side::Middle => middle - width / 2.0,
        };
        self.x = match self.side {
            Side::Right => middle + reach,
            Side::Left => middle - reach,
            Side::Middle => middle,
        };
        self.label = Block { left, top, width, height };
    }
}

fn draw_line(
    svg: &mut String,
    topology: &Topology,
    places: &[Place<'_>],
    line: &Line,
    state: State,
) {
    let find = |site: &str| places.iter().find(|place| place.site == site);
    let [Some(a), Some(b)] = [find(&line.ends[0].site), find(&line.ends[1].site)] else { return };
    // Lines between the same sites are drawn beside each other.
    let is_between = |other: &&Line| other.touches(a.site) && other.touches(b.site);
    let alike: Vec<&str> =
        topology.lines.iter().filter(is_between).map(|line| line.name.as_str()).collect();
    let own = alike.iter().position(|name| *name == line.name).unwrap_or(0);
    let (dx, dy) = (b.x - a.x, b.y - a.y);
    let length = dx.hypot(dy).max(1.0);
    // Seen from the one whose name is first, so that both directions are drawn on their own side.
    let turn = if a.site <= b.site { 1.0 } else { -1.0 };
    let aside = turn * (lossless(own) - (lossless(alike.len()) - 1.0) / 2.0) * 12.0;
    let (ox, oy) = (-dy / length * aside, dx / length * aside);
    let (x1, y1, x2, y2) = (a.x + ox, a.y + oy, b.x + ox, b.y + oy);
    let (colour, dashes) = (state.colour(), state.dashes());
    let name = escaped(&line.name);
    let _ = write!(
        svg,
        "<line x1='{x1:.1}' y1='{y1:.1}' x2='{x2:.1}' y2='{y2:.1}' stroke='{colour}' \
         stroke-width='3' stroke-dasharray='{dashes}'><title>{name}</title></line>"
    );
    svg.push_str(&state.sign(f64::midpoint(x1, x2), f64::midpoint(y1, y2), 5.0));
}

fn draw_place(
    svg: &mut String,
    place: &Place<'_>,
    now: &BTreeMap<String, LineNow>,
    words: &Catalogue,
    language: Language,
) {
    let states: Vec<State> = place.lines.iter().map(|line| state_of(now, line)).collect();
    let word = |state: State| isolated(&words.text(language, state.key()));
    let Block { left, top, width, .. } = place.label;
    let (x, anchor) = match place.side {
        Side::Right => (left, "start"),
        Side::Left => (left + width, "end"),
        Side::Middle => (place.x, "middle"),
    };
    let name = isolated(&shortened(place.site));
    let row = |svg: &mut String, y: f64, weight: &str, text: &str| {
        let _ = write!(
            svg,
            "<text x='{x:.1}' y='{:.1}' text-anchor='{anchor}' font-weight='{weight}' fill='#1f2328' \
             stroke='#fff' stroke-width='4' paint-order='stroke'>{text}</text>",
            y + ROW * 0.75
        );
    };
    if place.side == Side::Middle {
        let _ = write!(
            svg,
            "<rect x='{:.1}' y='{:.1}' width='36' height='36' rx='6' fill='#1f2328'/>",
            place.x - 18.0,
            place.y - 18.0
        );
        row(svg, place.y + 20.0, "bold", &name);
        return;
    }
    let state = state_of_site(&states);
    let _ = write!(svg, "<circle cx='{:.1}' cy='{:.1}' r='13' fill='#fff'/>", place.x, place.y);
    svg.push_str(&state.sign(place.x, place.y, 9.0));
    row(svg, top, "bold", &format!("{name} · {}", word(state)));
    for (number, (line, state)) in place.lines.iter().zip(states).enumerate() {
        let own = line.ends.iter().find(|end| end.site == place.site);
        let path = isolated(&shortened(own.map_or("", |end| &end.path)));
        let round_trip = now.get(&line.name).and_then(|now| now.round_trip);
        let time = round_trip.map(|time| format!(" · {:.1} ms", time.as_secs_f64() * 1_000.0));
        let text = format!("{path} · {}{}", word(state), time.unwrap_or_default());
        row(svg, top + ROW * (lossless(number) + 1.0), "normal", &text);
    }
}

fn draw_legend(svg: &mut String, height: f64, words: &Catalogue, language: Language) {
    let y = height - ROW;
    let mut x = 24.0;
    for state in State::ALL {
        svg.push_str(&state.sign(x, y - 5.0, 7.0));
        let word = words.text(language, state.key());
        let _ = write!(
            svg,
            "<text x='{:.1}' y='{y:.1}' text-anchor='start' fill='#1f2328'>{}</text>",
            x + 16.0,
            isolated(&word)
        );
        x += 60.0 + LETTER * lossless(word.chars().count());
    }
}

fn shortened(name: &str) -> String {
    if name.chars().count() <= MOST_LETTERS {
        return name.to_owned();
    }
    name.chars().take(MOST_LETTERS - 1).chain(['…']).collect()
}

#[cfg(test)]
mod tests {
    use link::cause::End;

    use super::*;

    fn star(sites: usize, lines: usize) -> Topology {
        let line = |site: usize, line: usize| Line {
            name: format!("site-{site:02}-{line}"),
            ends: [
                End { site: format!("site-{site:02}"), path: format!("path-{line}") },
                End { site: "hub".to_owned(), path: format!("site-{site:02}-{line}") },
            ],
            hub: Some("hub".to_owned()),
            sector: None,
            provider: None,
        };
        let lines = (0..sites).flat_map(|site| (0..lines).map(move |number| line(site, number)));
        Topology { lines: lines.collect() }
    }

    fn overlap(one: &Block, other: &Block) -> bool {
        one.left < other.left + other.width
            && other.left < one.left + one.width
            && one.top < other.top + other.height
            && other.top < one.top + one.height
    }

    #[test]
    fn no_labels_of_up_to_thirty_sites_overlap() {
        for sites in 1..=30 {
            for lines in 1..=3 {
                let topology = star(sites, lines);
                let (places, height) = layout(&topology);
                assert_eq!(places.len(), sites + 1);
                let labels: Vec<_> =
                    places.iter().filter(|place| place.side != Side::Middle).collect();
                for (number, place) in labels.iter().enumerate() {
                    let Block { left, top, width, height: own } = place.label;
                    assert!(left >= 0.0 && left + width <= WIDTH, "{place:?}");
                    assert!(top >= 0.0 && top + own <= height - 2.0 * ROW, "{place:?}");
                    for other in &labels[number + 1..] {
                        assert!(!overlap(&place.label, &other.label), "{place:?} {other:?}");
                    }
                    // The longest row has room, and the label begins beside the sign.
                    assert!(LETTER * 48.0 <= width, "{width}");
                    let is_beside = place.x + 14.0 < left || place.x - 14.0 > left + width;
                    assert!(is_beside, "{place:?}");
                }
            }
        }
    }

    #[test]
    fn a_state_is_told_by_colour_shape_and_word() {
        let topology = star(5, 1);
        let states = State::ALL.into_iter().enumerate().map(|(site, state)| {
            let round_trip = Some(Duration::from_micros(3_240));
            (format!("site-{site:02}-0"), LineNow { state, round_trip })
        });
        let now = states.collect();
        let words = Catalogue::new();
        let english = svg(&topology, &now, &words, Language::English);
        for text in ["up", "degraded", "down", "maintenance", "unknown"] {
            let plain = english.replace(['\u{2068}', '\u{2069}'], "");
            assert!(plain.contains(&format!("path-0 · {text} · 3.2 ms")), "{text}");
        }
        for state in State::ALL {
            assert!(english.matches(state.colour()).count() >= 3, "{state:?}");
        }
        assert_eq!(english, svg(&topology, &now, &words, Language::English), "always the same");
        let arabic = svg(&topology, &now, &words, Language::Arabic);
        assert!(arabic.contains("منقطع"));
    }

    #[test]
    fn a_site_is_as_its_lines_are() {
        use State::{Degraded, Down, Maintenance, Unknown, Up};
        for (lines, site) in [
            (vec![Up, Up], Up),
            (vec![Up, Down], Degraded),
            (vec![Down, Down], Down),
            (vec![Up, Maintenance], Up),
            (vec![Down, Maintenance], Degraded),
            (vec![Unknown], Unknown),
            (vec![], Unknown),
        ] {
            assert_eq!(state_of_site(&lines), site, "{lines:?}");
        }
    }

    #[test]
    fn names_are_escaped_and_long_ones_cut() {
        let mut topology = star(1, 1);
        topology.lines[0].name = "<script>alert(1)</script>".to_owned();
        topology.lines[0].ends[0].site = "a&b<c>'\"".to_owned();
        topology.lines[0].ends[0].path = "x".repeat(100);
        let map = svg(&topology, &BTreeMap::new(), &Catalogue::new(), Language::English);
        assert!(!map.contains("<script") && map.contains("a&amp;b&lt;c&gt;&#39;&quot;"), "{map}");
        assert!(!map.contains(&"x".repeat(23)));
    }

    #[test]
    fn two_offices_without_a_hub_face_each_other() {
        let mut topology = star(1, 2);
        for line in &mut topology.lines {
            line.hub = None;
        }
        let (places, _) = layout(&topology);
        let sides: Vec<_> = places.iter().map(|place| place.side).collect();
        assert_eq!(sides, [Side::Right, Side::Left]);
        assert!((places[0].y - places[1].y).abs() < 0.1);
    }
}
