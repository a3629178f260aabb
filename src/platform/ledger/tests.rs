use std::collections::BTreeMap;
use std::io::Write;

use super::*;

fn owner() -> Owner {
    let settings = BTreeMap::from([("platform".into(), "local".into())]);
    Owner::new("r", "results/r".into(), settings)
}

fn thing(name: &str) -> Resource {
    Resource {
        kind: "function".into(),
        name: name.into(),
    }
}

#[test]
fn what_a_killed_run_had_made_is_known_although_its_last_line_is_torn() {
    let directory = tempfile::tempdir().unwrap();
    let path = path_in(directory.path(), "r");
    let ledger = Ledger::create(&path, &owner()).unwrap();
    for name in ["a", "b", "c"] {
        ledger.creating(&thing(name)).unwrap();
    }
    ledger.removed(&thing("b")).unwrap();
    drop(ledger);
    assert!(!Ledger::is_locked(&path).unwrap());
    let mut file = OpenOptions::new().append(true).open(&path).unwrap();
    file.write_all(b"{\"what\":\"creating\",\"ki").unwrap();
    assert_eq!(list(directory.path()).unwrap(), std::slice::from_ref(&path));
    let (read, open) = Ledger::read(&path).unwrap();
    assert_eq!((read, open), (owner(), vec![thing("a"), thing("c")]));
    let (ledger, _) = Ledger::reopen(&path).unwrap();
    ledger.removed(&thing("a")).unwrap();
    drop(ledger);
    assert_eq!(Ledger::read(&path).unwrap().1, [thing("c")]);
}

#[test]
fn what_becomes_of_the_things_is_known_and_a_run_that_goes_on_may_change_it() {
    let directory = tempfile::tempdir().unwrap();
    let path = path_in(directory.path(), "r");
    let kept = Owner {
        at_end: AtEnd::Keep,
        ..owner()
    };
    let ledger = Ledger::create(&path, &kept).unwrap();
    ledger.creating(&thing("a")).unwrap();
    drop(ledger);
    let at_end = || Ledger::read(&path).unwrap().0.at_end;
    assert_eq!(at_end(), AtEnd::Keep);
    for other in [AtEnd::Remove, AtEnd::Keep] {
        let (ledger, _) = Ledger::reopen(&path).unwrap();
        ledger.goes_on(other).unwrap();
        drop(ledger);
        assert_eq!(at_end(), other);
    }
    // One of before does not say.
    let text = fs::read_to_string(&path).unwrap();
    let older = text
        .lines()
        .next()
        .unwrap()
        .replace(",\"at_end\":\"keep\"", "");
    assert_ne!(older, text.lines().next().unwrap());
    fs::write(&path, older + "\n").unwrap();
    assert_eq!(at_end(), AtEnd::Remove);
}

#[test]
fn a_live_runs_ledger_is_locked_and_one_with_nothing_open_goes() {
    let directory = tempfile::tempdir().unwrap();
    let path = path_in(&directory.path().join("new"), "r");
    let ledger = Ledger::create(&path, &owner()).unwrap();
    let again = Ledger::create(&path, &owner()).unwrap_err();
    assert_eq!(again.kind(), io::ErrorKind::AlreadyExists);
    let alive = Ledger::reopen(&path).unwrap_err();
    assert_eq!(alive.kind(), io::ErrorKind::WouldBlock);
    assert!(Ledger::is_locked(&path).unwrap());
    ledger.creating(&thing("a")).unwrap();
    ledger.removed(&thing("a")).unwrap();
    drop(ledger);
    assert!(list(path.parent().unwrap()).unwrap().is_empty());
    assert!(!Ledger::is_locked(&path).unwrap());
}

#[test]
fn a_ledger_leads_to_the_place_that_was_reached_and_refuses_another_while_things_are_there() {
    let directory = tempfile::tempdir().unwrap();
    let path = path_in(directory.path(), "r");
    let at = |address: &str, identity: Option<&str>| Place {
        settings: BTreeMap::from([("docker_host".into(), address.into())]),
        variables: None,
        identity: identity.map(str::to_owned),
    };
    let ledger = Ledger::create(&path, &owner()).unwrap();
    assert_eq!(ledger.place(), None);
    ledger.reached(&at("tcp://a", Some("A"))).unwrap();
    ledger.reached(&at("tcp://b", Some("B"))).unwrap();
    ledger.creating(&thing("a")).unwrap();
    drop(ledger);
    let (ledger, owner) = Ledger::reopen(&path).unwrap();
    assert_eq!(owner.settings["docker_host"], "tcp://b");
    assert_eq!(ledger.place(), Some(at("tcp://b", Some("B"))));
    for elsewhere in [
        at("tcp://b", Some("A")),
        at("tcp://a", Some("A")),
        at("tcp://a", None),
    ] {
        let refused = ledger.reached(&elsewhere).unwrap_err();
        assert_eq!(refused.kind(), io::ErrorKind::AlreadyExists);
    }
    // One engine, by another way.
    ledger.reached(&at("unix:///b", Some("B"))).unwrap();
    ledger.removed(&thing("a")).unwrap();
    ledger.reached(&at("tcp://a", Some("A"))).unwrap();
}

#[test]
fn the_variables_that_led_to_a_place_are_kept_and_older_places_have_none() {
    let directory = tempfile::tempdir().unwrap();
    let path = path_in(directory.path(), "r");
    let place = Place {
        settings: BTreeMap::from([("docker_host".into(), "tcp://a".into())]),
        variables: Some(BTreeMap::from([("DOCKER_CERT_PATH".into(), "/c".into())])),
        identity: Some("A".into()),
    };
    let ledger = Ledger::create(&path, &owner()).unwrap();
    ledger.creating(&thing("a")).unwrap();
    ledger.reached(&place).unwrap();
    drop(ledger);
    assert_eq!(Ledger::place_in(&path).unwrap(), Some(place.clone()));
    assert_eq!(Ledger::beside(Some(place.clone())).place(), Some(place));
    let text = fs::read_to_string(&path).unwrap();
    let older = text.replace(r#""variables":{"DOCKER_CERT_PATH":"/c"},"#, "");
    assert_ne!(older, text);
    fs::write(&path, older).unwrap();
    assert_eq!(Ledger::place_in(&path).unwrap().unwrap().variables, None);
}

#[test]
fn a_damaged_ledger_says_where() {
    let directory = tempfile::tempdir().unwrap();
    let path = path_in(directory.path(), "r");
    let first = serde_json::to_string(&owner()).unwrap();
    let newer = first.replace("\"version\":1", "\"version\":2,\"more\":0");
    for (text, told) in [
        ("", "line 1"),
        ("nonsense\n", "line 1"),
        (&*format!("{newer}\n"), "it has version 2"),
    ] {
        fs::write(&path, text).unwrap();
        let error = Ledger::reopen(&path).unwrap_err();
        assert_eq!(error.kind(), io::ErrorKind::InvalidData);
        assert!(error.to_string().contains(told), "{error}");
    }
}

#[test]
fn one_bad_line_is_told_the_others_are_used_and_the_ledger_stays() {
    let directory = tempfile::tempdir().unwrap();
    let path = path_in(directory.path(), "r");
    let ledger = Ledger::create(&path, &owner()).unwrap();
    for name in ["a", "b"] {
        ledger.creating(&thing(name)).unwrap();
    }
    drop(ledger);
    let text = fs::read_to_string(&path).unwrap();
    fs::write(&path, text.replacen("creating", "cre\0ting", 1)).unwrap();
    let (ledger, _) = Ledger::reopen(&path).unwrap();
    assert_eq!(ledger.open(), [thing("b")]);
    assert!(
        ledger.damage()[0].contains("line 2"),
        "{:?}",
        ledger.damage()
    );
    ledger.removed(&thing("b")).unwrap();
    drop(ledger);
    assert!(path.exists(), "what cannot be read may name a thing");
}
