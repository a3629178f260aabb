//! A strict reader of HTML and SVG: what is not well-formed is a failed test.

#![allow(dead_code, reason = "each test uses a part of it")]

use std::collections::BTreeMap;

/// Elements of HTML that have no end.
const VOID: &[&str] = &["meta", "link", "br", "hr", "img", "input"];
/// Elements of HTML whose content is no markup.
const RAW: &[&str] = &["script", "style"];

/// An element with what is in it.
#[derive(Debug, Default)]
pub struct Element {
    pub name: String,
    pub attributes: BTreeMap<String, String>,
    pub children: Vec<Element>,
    /// Its own text, that of its children not included.
    pub text: String,
}

impl Element {
    /// An attribute; empty when there is none.
    pub fn get(&self, name: &str) -> &str {
        self.attributes.get(name).map_or("", String::as_str)
    }

    pub fn has_class(&self, class: &str) -> bool {
        self.get("class").split(' ').any(|one| one == class)
    }

    /// All elements within that are wanted, in order.
    pub fn all(&self, wanted: impl Fn(&Element) -> bool) -> Vec<&Element> {
        let mut found = Vec::new();
        self.collect(&wanted, &mut found);
        found
    }

    pub fn find(&self, wanted: impl Fn(&Element) -> bool) -> Option<&Element> {
        self.all(wanted).into_iter().next()
    }

    fn collect<'a>(&'a self, wanted: &impl Fn(&Element) -> bool, found: &mut Vec<&'a Element>) {
        for child in &self.children {
            if wanted(child) {
                found.push(child);
            }
            child.collect(wanted, found);
        }
    }
}

/// Reads a document as this program writes it: HTML that is XML but for its doctype, scripts and styles.
pub fn parse(text: &str) -> Element {
    read(text, &[])
}

/// Reads a document as a browser writes it: elements without an end are not closed.
pub fn parse_html(text: &str) -> Element {
    read(text, VOID)
}

fn read(text: &str, void: &[&str]) -> Element {
    assert!(!text.contains('\0'), "NUL");
    let mut open = vec![Element::default()];
    let mut rest = text;
    while let Some(place) = rest.find('<') {
        let (before, tag) = rest.split_at(place);
        open.last_mut().expect("the document").text += &unescape(before);
        let end = tag
            .find('>')
            .unwrap_or_else(|| panic!("unclosed tag: {tag:.60}"));
        let inside = &tag[1..end];
        rest = &tag[end + 1..];
        if inside.starts_with('!') {
            assert_eq!(inside.to_lowercase(), "!doctype html");
        } else if let Some(name) = inside.strip_prefix('/') {
            let element = open.pop().expect("an element");
            assert_eq!(element.name, name, "closed in the wrong order");
            open.last_mut()
                .unwrap_or_else(|| panic!("{name} was not open"))
                .children
                .push(element);
        } else {
            let (inside, closed) = match inside.strip_suffix('/') {
                Some(inside) => (inside, true),
                None => (inside, false),
            };
            let mut element = begin(inside);
            if RAW.contains(&element.name.as_str()) && !closed {
                let end = format!("</{}>", element.name);
                let (raw, after) = rest.split_once(&end).expect("the end of the raw text");
                raw.clone_into(&mut element.text);
                rest = after;
                open.last_mut()
                    .expect("the document")
                    .children
                    .push(element);
            } else if closed || void.contains(&element.name.as_str()) {
                open.last_mut()
                    .expect("the document")
                    .children
                    .push(element);
            } else {
                open.push(element);
            }
        }
    }
    assert!(rest.trim().is_empty(), "text after the end: {rest:.60}");
    assert_eq!(
        open.len(),
        1,
        "not closed: {}",
        open.last().expect("the document").name
    );
    open.remove(0)
}

fn begin(inside: &str) -> Element {
    let inside = inside.trim();
    let (name, mut rest) = inside
        .split_once(char::is_whitespace)
        .unwrap_or((inside, ""));
    assert!(
        name.chars().all(|c| c.is_ascii_alphanumeric()),
        "no name: {name:?}"
    );
    let mut element = Element {
        name: name.to_owned(),
        ..Element::default()
    };
    loop {
        rest = rest.trim_start();
        if rest.is_empty() {
            return element;
        }
        let (key, value) = rest
            .split_once("=\"")
            .unwrap_or_else(|| panic!("no attribute: {rest:.60}"));
        assert!(
            key.chars()
                .all(|c| c.is_ascii_alphanumeric() || "-:".contains(c)),
            "no key: {key:?}"
        );
        let (value, after) = value.split_once('"').expect("the end of an attribute");
        assert!(!value.contains('<'), "markup in an attribute: {value:.60}");
        let before = element.attributes.insert(key.to_owned(), unescape(value));
        assert_eq!(before, None, "{key} is given twice");
        rest = after;
    }
}

fn unescape(text: &str) -> String {
    let mut pieces = text.split('&');
    let mut plain = pieces.next().unwrap_or_default().to_owned();
    for piece in pieces {
        let (name, rest) = piece
            .split_once(';')
            .unwrap_or_else(|| panic!("lone &: {piece:.60}"));
        plain += match name {
            "amp" => "&",
            "lt" => "<",
            "gt" => ">",
            "quot" => "\"",
            "#39" => "'",
            "nbsp" => "\u{a0}",
            other => panic!("unknown entity {other:.20}"),
        };
        plain += rest;
    }
    plain
}
