//! What is looked at on every screen, by a browser: whether axe-core finds something, whether it
//! fits, and how it looks.

use std::path::{Path, PathBuf};
use std::sync::LazyLock;

use serde_json::Value;

use crate::chromium::Sheet;

/// axe-core, as `scripts/install test` fetches it.
const AXE: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/target/axe-core/axe.min.js");
/// The rules of WCAG 2.2 up to level AA, and those that axe-core calls good practice.
const RULES: &str = "wcag2a wcag2aa wcag21a wcag21aa wcag22a wcag22aa best-practice";
/// The narrowest screen that pages must fit (WCAG 2.2, 1.4.10).
const NARROW: u32 = 320;
/// A small phone of today.
const COMMON: u32 = 360;
const HEIGHT: u32 = 640;
/// How many octets a screen may have, and the terms.
const BUDGET: u64 = 6_000;
const TERMS_BUDGET: u64 = 14_000;

/// A screen, and what was found on it.
#[derive(Debug)]
pub struct Seen {
    /// Such as `ar code`.
    pub name: String,
    /// Its headings.
    pub headings: Vec<String>,
    /// What axe-core objects to, in the light and in the dark.
    pub objections: Vec<String>,
    /// What does not fit, cannot be seen, or weighs too much.
    pub misfits: Vec<String>,
}

/// Looks at the screen that a sheet shows.
pub fn look(sheet: &Sheet, name: &str) -> Seen {
    let mut seen = Seen {
        name: name.to_owned(),
        headings: headings(sheet),
        objections: Vec::new(),
        misfits: Vec::new(),
    };
    assert!(!seen.headings.is_empty(), "{name} is no screen: {}", sheet.text());
    sheet.resize(NARROW, HEIGHT);
    for (scheme, picture) in [("dark", "-dark"), ("light", "-320")] {
        sheet.prefer(scheme);
        seen.objections.extend(ask_axe(sheet).into_iter().map(|text| format!("{scheme}: {text}")));
        sheet.keep_picture(&picture_of(name, picture));
        let faint = texts(&sheet.compute(LINES));
        seen.misfits.extend(faint.into_iter().map(|text| format!("{scheme}: {text}")));
    }
    seen.misfits.extend(misfits_at(sheet, NARROW));
    seen.misfits.extend(texts(&sheet.compute(SMALL_TARGETS)));
    sheet.resize(COMMON, HEIGHT);
    seen.misfits.extend(misfits_at(sheet, COMMON));
    sheet.keep_picture(&picture_of(name, ""));
    sheet.compute(DOUBLE_THE_TEXT);
    seen.misfits.extend(misfits_at(sheet, COMMON));
    sheet.keep_picture(&picture_of(name, "-200"));
    sheet.compute(AS_IT_WAS);
    let octets = sheet.compute("performance.getEntriesByType('navigation')[0].decodedBodySize");
    let most = if name.contains("terms") { TERMS_BUDGET } else { BUDGET };
    if !octets.as_u64().is_some_and(|octets| (1..=most).contains(&octets)) {
        seen.misfits.push(format!("{octets} octets"));
    }
    seen
}

/// A screen must say what the catalogue of a language has under those keys.
pub fn says(sheet: &Sheet, language: &str, keys: &[&str]) {
    let file = format!("{}/portal/locales/{language}.ftl", env!("CARGO_MANIFEST_DIR"));
    let catalogue = std::fs::read_to_string(file).unwrap();
    let shown = sheet.text().replace('\u{2011}', "-");
    for key in keys {
        let said = catalogue.lines().find_map(|line| line.strip_prefix(&format!("{key} = ")));
        // What is filled in stands between them.
        let mut parts = said.unwrap().split(['{', '}']).step_by(2).map(str::trim);
        assert!(parts.all(|part| shown.contains(part)), "{key} is not said: {shown}");
    }
}

/// Where pictures are kept, outside the repository.
fn picture_of(name: &str, kind: &str) -> PathBuf {
    let file = format!("{}{kind}.png", name.replace(' ', "-"));
    Path::new(env!("CARGO_TARGET_TMPDIR")).join("pictures").join(file)
}

fn headings(sheet: &Sheet) -> Vec<String> {
    let headings = "[...document.querySelectorAll('h1,h2')].map(one => one.innerText)";
    let headings = texts(&sheet.compute(headings)).into_iter();
    headings.map(|text| text.replace('\u{2011}', "-")).collect()
}

fn texts(list: &Value) -> Vec<String> {
    let texts = list.as_array().into_iter().flatten();
    texts.map(|text| text.as_str().unwrap().to_owned()).collect()
}

/// What axe-core objects to, one line for each rule and element.
pub fn ask_axe(sheet: &Sheet) -> Vec<String> {
    static SOURCE: LazyLock<String> = LazyLock::new(|| {
        std::fs::read_to_string(AXE).expect("`scripts/install test` fetches axe-core")
    });
    if sheet.compute("typeof axe") != "object" {
        sheet.compute(&format!("{}; 0", *SOURCE));
    }
    let rules: Vec<_> = RULES.split(' ').collect();
    let found = sheet.compute(&format!(
        "axe.run({{ runOnly: {}, resultTypes: ['violations', 'incomplete'] }}).then(found =>
           [...found.violations, ...found.incomplete].flatMap(rule => rule.nodes.map(node =>
             `${{rule.id}}: ${{node.html}} ${{node.failureSummary}}`)))",
        serde_json::to_string(&rules).unwrap()
    ));
    assert!(found.is_array(), "axe-core did not answer: {found}");
    texts(&found)
}

/// What is wider than the screen, cut off, or so near its neighbour that they read as one word.
pub fn misfits_at(sheet: &Sheet, width: u32) -> Vec<String> {
    let cut = sheet.compute(
        "(() => { const whole = document.documentElement, cut = [];
           if (whole.scrollWidth > whole.clientWidth) cut.push(`the page is ${whole.scrollWidth} wide`);
           for (const one of document.querySelectorAll('body *')) {
             const box = one.getBoundingClientRect();
             if (box.left < -1 || box.right > whole.clientWidth + 1)
               cut.push(`${one.outerHTML.slice(0, 90)} from ${box.left} to ${box.right}`);
             else if (!one.closest('svg') && one.tagName != 'INPUT' && one.scrollWidth > one.clientWidth + 1
               && getComputedStyle(one).display != 'inline')
               cut.push(`${one.outerHTML.slice(0, 90)} holds ${one.scrollWidth} of ${one.clientWidth}`);
           }
           const lines = one => { const range = document.createRange();
             range.selectNodeContents(one);
             return [...range.getClientRects()]; };
           for (const row of document.querySelectorAll('main *')) {
             if (getComputedStyle(row).display != 'flex') continue;
             for (const one of row.children) for (const other of row.children)
               if (one != other && lines(one).some(a => lines(other).some(b =>
                 Math.min(a.bottom, b.bottom) - Math.max(a.top, b.top) > 4
                 && Math.abs(a.left - b.right) < 4)))
                 cut.push(`${one.innerText} touches ${other.innerText}`);
           }
           return cut; })()",
    );
    texts(&cut).into_iter().map(|text| format!("at {width}: {text}")).collect()
}

/// What does not show that it has the focus, or where a field is: a line of at least 3 to 1
/// (WCAG 2.2, 1.4.11).
const LINES: &str = "(() => {
    const light = colour => {
        const parts = colour.match(/[0-9.]+/g).map(Number);
        const [r, g, b] = parts.map(one => one / 255)
            .map(one => one <= .04045 ? one / 12.92 : ((one + .055) / 1.055) ** 2.4);
        return parts[3] === 0 ? null : .2126 * r + .7152 * g + .0722 * b; };
    const behind = one => light(getComputedStyle(one).backgroundColor) ?? behind(one.parentElement);
    const faint = (line, one) => {
        const [low, high] = [light(line), behind(one.parentElement)].sort((a, b) => a - b);
        return (high + .05) / (low + .05) < 3; };
    const before = document.activeElement;
    const faults = [...document.querySelectorAll('a,button,input')].flatMap(one => {
        const style = getComputedStyle(one), text = one.outerHTML.slice(0, 90), faults = [];
        if (!one.checkVisibility({ visibilityProperty: true })) return [];
        if (style.appearance != 'auto' && parseFloat(style.borderWidth) > 0 && faint(style.borderColor, one))
            faults.push(`a faint border around ${text}`);
        one.focus({ focusVisible: true });
        if (style.outlineStyle == 'none' || parseFloat(style.outlineWidth) < 2 || faint(style.outlineColor, one))
            faults.push(`no focus is seen on ${text}`);
        return faults; });
    document.activeElement.blur();
    before.focus({ focusVisible: true });
    return faults; })()";

/// What a finger may miss: links that stand alone, fields and buttons of less than 44 pixels
/// (WCAG 2.2, 2.5.5; within a sentence 24 are enough, which axe-core knows).
const SMALL_TARGETS: &str = "[...document.querySelectorAll('a,button,label.tick,[type=text],[type=tel]')]
    .filter(one => one.checkVisibility({ visibilityProperty: true }))
    .filter(one => getComputedStyle(one).display != 'inline'
        || one.parentElement.innerText.trim() == one.innerText.trim())
    .filter(one => one.getBoundingClientRect().height < 44)
    .map(one => `only ${one.getBoundingClientRect().height} pixels for ${one.outerHTML.slice(0, 90)}`)";

/// As a phone does whose texts are set to twice their size.
const DOUBLE_THE_TEXT: &str = "(() => {
    const all = [...document.querySelectorAll('body, body *')];
    const sizes = all.map(one => parseFloat(getComputedStyle(one).fontSize));
    all.forEach((one, index) => { one.style.fontSize = `${2 * sizes[index]}px`; }); })()";
const AS_IT_WAS: &str =
    "document.querySelectorAll('body, body *').forEach(one => { one.style.fontSize = ''; })";
